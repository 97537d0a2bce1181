#include "api/server/router.h"

#include <algorithm>

#include "schema/check.h"

namespace stepwell::server {
namespace {

constexpr std::string_view kPreflightSeconds = "3600";

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> segments;
  CHECK_INVARIANT(!path.empty());
  if (path.front() == '/') path.remove_prefix(1);
  while (true) {
    const size_t end = path.find('/');
    segments.push_back(path.substr(0, end));
    if (end == std::string_view::npos) return segments;
    path.remove_prefix(end + 1);
  }
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string_view>& path) {
  return std::equal(pattern.begin(), pattern.end(), path.begin(), path.end(),
                    [](const std::string& expected, std::string_view actual) {
                      return is_parameter(expected) ? !actual.empty() : expected == actual;
                    });
}

std::optional<NamedValues> read_params(const std::vector<std::string>& pattern,
                                       const std::vector<std::string_view>& path) {
  NamedValues params;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (!is_parameter(pattern[i])) continue;
    auto value = percent_decode(path[i], PlusSign::kLiteral);
    if (!value) return std::nullopt;
    params.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), std::move(*value));
  }
  return params;
}

void append_line(std::string& lines, std::string_view name, std::string_view value) {
  lines.append(name).append(": ").append(value).append("\r\n");
}

Response no_content() {
  return {.status = 204, .content_type = ""};
}

}  // namespace

Router::Router(OriginRules rules, Authorizer authorizer)
    : rules_(std::move(rules)), authorizer_(std::move(authorizer)) {}

void Router::add(Route route) {
  CHECK_INVARIANT(route.pattern.starts_with('/') && route.handler, "an incomplete route");
  auto entry = std::make_unique<Entry>(Entry{std::move(route), {}, {}});
  for (const std::string_view segment : split_path(entry->route.pattern)) {
    entry->segments.emplace_back(segment);
    // 0x7f sorts behind all that a literal is made of.
    entry->order.append("/").append(is_parameter(segment) ? "\x7f" : segment);
  }
  const auto place = std::lower_bound(
      entries_.begin(), entries_.end(), entry,
      [](const auto& left, const auto& right) { return left->order < right->order; });
  for (auto same = place; same != entries_.end() && (*same)->order == entry->order; ++same) {
    CHECK_INVARIANT((*same)->route.method != entry->route.method, "two routes for one path");
  }
  entries_.insert(place, std::move(entry));
}

std::vector<const Route*> Router::routes() const {
  std::vector<const Route*> routes;
  for (const auto& entry : entries_) routes.push_back(&entry->route);
  return routes;
}

const Router::Entry* Router::match(Method method,
                                   const std::vector<std::string_view>& segments) const {
  if (method == Method::kHead) method = Method::kGet;
  for (const auto& entry : entries_) {
    if (entry->route.method == method && matches(entry->segments, segments)) return entry.get();
  }
  return nullptr;
}

std::string Router::allowed_methods(const std::vector<std::string_view>& segments) const {
  std::string methods;
  for (const auto& entry : entries_) {
    if (!matches(entry->segments, segments)) continue;
    methods.append(method_name(entry->route.method)).append(", ");
    if (entry->route.method == Method::kGet) methods.append("HEAD, ");
  }
  return methods.empty() ? methods : methods + "OPTIONS";
}

Router::Decision Router::decide(Request& request) const {
  const int host_status = rules_.check_host(request.host, request.local_address);
  if (host_status == 400) {
    return {.response = Response::error(400, request.host.empty()
                                                 ? "the request names no host: add a Host field"
                                                 : "the Host field is malformed")};
  }
  if (host_status != 200) {
    return {.response = Response::error(
                403, "this server is not known as \"" + request.host +
                         "\": use its address, or add the name to its allowed hosts")};
  }
  std::string cors_lines;
  if (const auto origin = request.headers.find("origin")) {
    if (request.headers.count("origin") > 1 || !rules_.allows_origin(*origin, request.host)) {
      return {.response = Response::error(403, "pages of this origin may not call this server")};
    }
    append_line(cors_lines, "Access-Control-Allow-Origin", *origin);
    append_line(cors_lines, "Access-Control-Expose-Headers", "Link");
    append_line(cors_lines, "Vary", "Origin");
  }
  Decision decision = decide_route(request);
  decision.cors_lines = std::move(cors_lines);
  return decision;
}

Router::Decision Router::decide_route(Request& request) const {
  const std::vector<std::string_view> segments = split_path(request.path);
  const Entry* entry = match(request.method, segments);
  if (entry == nullptr) {
    const std::string allowed = allowed_methods(segments);
    if (allowed.empty()) return {.response = Response::error(404, "no such path")};
    if (request.method != Method::kOptions) {
      Response refusal =
          Response::error(405, "the path has no " + std::string(method_name(request.method)) +
                                   "; it has " + allowed);
      refusal.headers.emplace_back("Allow", allowed);
      return {.response = std::move(refusal)};
    }
    Response answer = no_content();
    answer.headers.emplace_back("Allow", allowed);
    if (request.headers.find("access-control-request-method")) {
      answer.headers.emplace_back("Access-Control-Allow-Methods", allowed);
      answer.headers.emplace_back("Access-Control-Max-Age", kPreflightSeconds);
      if (const auto fields = request.headers.find("access-control-request-headers")) {
        answer.headers.emplace_back("Access-Control-Allow-Headers", *fields);
      }
    }
    return {.response = std::move(answer)};
  }
  auto params = read_params(entry->segments, segments);
  if (!params) return {.response = Response::error(400, "the path has a malformed escape")};
  request.params = std::move(*params);
  const std::string_view coding = request.headers.find("content-encoding").value_or("identity");
  const bool is_readable =
      equals_ignoring_case(coding, "identity") ||
      (decoder_ && !entry->route.open_body && equals_ignoring_case(coding, "gzip"));
  if (!is_readable || request.headers.count("content-encoding") > 1) {
    return {.response =
                Response::error(415, decoder_ ? "bodies are read plain or compressed by gzip alone"
                                              : "compressed bodies are not supported")};
  }
  if (request.headers.count("authorization") > 1) {
    return {.response = Response::error(400, "more than one Authorization field")};
  }
  if (auto refusal = authorizer_(entry->route.policy.access(), request)) {
    return {.response = std::move(refusal)};
  }
  return {.route = &entry->route};
}

}  // namespace stepwell::server
