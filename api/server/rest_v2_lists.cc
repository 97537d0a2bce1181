// REST v2: lists of runs, apps and their functions.
#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/server/queries.h"
#include "api/server/rest_routes.h"
#include "api/server/rest_v2_json.h"
#include "api/server/rest_v2_routes.h"

namespace stepwell::server {
namespace {

using storage::JournalReader;
using storage::StoredFunction;

constexpr size_t kPageDefault = 20;
// How many runs one page looks at: with filters that hardly any run passes it comes back short, and
// with a cursor to go on from.
constexpr size_t kScanMax = 1000;

// -- Runs -----------------------------------------------------------------------------------------

struct RunsQuery {
  storage::RunFilter filter;
  std::vector<std::string> apps;       // empty: all
  std::vector<std::string> functions;  // empty: all
  std::string of_path;                 // the function that the path names, as errors show it
  size_t limit = kPageDefault;
  V2Output output = V2Output::kLeftOut;
};

Error invalid(std::string message) {
  return {ErrorCode::kInvalid, std::move(message)};
}

// Of the names with several values.
Result<void> read_choice(std::string_view name, const std::string& value, RunsQuery& query) {
  if (name == "appId") {
    query.apps.push_back(value);
  } else if (name == "functionId") {
    query.functions.push_back(value);
  } else if (name == "status") {
    const std::optional<RunStatus> status = parse_v2_status(value);
    if (!status) return invalid(fmt::format("\"status\": there is no status \"{}\"", value));
    query.filter.statuses.push_back(*status);
  } else if (name == "timeField") {
    if (value != "queuedAt") return invalid("\"timeField\": runs are listed by queuedAt alone");
  } else if (name == "order") {
    if (!equals_ignoring_case(value, "desc")) return invalid("\"order\": the newest comes first");
  } else if (name == "includeOutput") {
    const Result<V2Output> output = read_v2_output(value);
    if (!output) return output.error();
    query.output = *output;
  } else if (name == "cursor") {
    const std::optional<RunId> last = RunId::parse(value);
    if (!last) return invalid("\"cursor\" is none that a page ended with");
  } else if (name != "limit" && name != "from" && name != "until") {
    return invalid(fmt::format("there is no parameter \"{}\"", name));
  }
  return {};
}

Result<RunsQuery> read_runs_query(const Request& request) {
  RunsQuery query;
  for (const auto& [name, value] : request.query) {
    if (const Result<void> read = read_choice(name, value, query); !read) return read.error();
  }
  const Result<size_t> limit = read_limit(request, kPageDefault, kPageSizeMax);
  if (!limit) return limit.error();
  query.limit = *limit;
  const Result<std::optional<Time>> from = read_time(request, "from");
  if (!from) return from.error();
  query.filter.created_from = *from;
  const Result<std::optional<Time>> until = read_time(request, "until");
  if (!until) return until.error();
  query.filter.created_until = *until;
  return query;
}

// A function is named with its app's id before it or without.
bool names(const std::string& given, const FunctionConfig& config) {
  return given == config.id.slug || config.app + "-" + given == config.id.slug;
}

// The functions that are asked for; nothing if all are.
std::optional<std::set<std::string>> wanted(const RunsQuery& query,
                                            const std::vector<StoredFunction>& functions) {
  if (query.apps.empty() && query.functions.empty()) return std::nullopt;
  const auto has = [](const auto& list, const auto& fits) {
    return list.empty() || std::any_of(list.begin(), list.end(), fits);
  };
  std::set<std::string> slugs;
  for (const StoredFunction& each : functions) {
    const FunctionConfig& config = each.config;
    const bool fits =
        has(query.apps, [&](const std::string& app) { return app == config.app; }) &&
        has(query.functions, [&](const std::string& id) { return names(id, config); });
    if (fits) slugs.insert(config.id.slug);
  }
  return slugs;
}

Result<Response> list_runs(JournalReader& reader, RunsQuery query, const std::string& cursor) {
  const auto functions = reader.functions();
  if (!functions) return functions.error();
  const auto slugs = wanted(query, *functions);
  if (slugs && slugs->empty() && !query.of_path.empty()) {
    return Error{ErrorCode::kNotFound, fmt::format("there is no function \"{}\"", query.of_path)};
  }
  if (slugs && slugs->empty()) return v2_page({.data = "[]", .cursor = {}, .limit = query.limit});
  if (slugs && slugs->size() == 1) query.filter.function = FunctionId{*slugs->begin()};
  if (!cursor.empty()) {
    const Result<std::optional<RunRecord>> last = reader.find_run(*RunId::parse(cursor));
    if (!last) return last.error();
    if (!*last) return invalid("\"cursor\" is none that a page ended with");
    query.filter.before = (**last).no;
  }
  V2Page page{.limit = query.limit};
  JsonWriter out;
  out.begin_array();
  query.filter.limit = kPageSizeMax;
  size_t found = 0;
  for (size_t scanned = 0; !page.cursor && scanned < kScanMax; scanned += kPageSizeMax) {
    const auto runs = reader.list_runs(query.filter);
    if (!runs) return runs.error();
    for (size_t i = 0; i < runs->size() && !page.cursor; ++i) {
      const RunRecord& run = (*runs)[i];
      query.filter.before = run.no;
      const bool is_last_looked_at = i + 1 == runs->size() && scanned + kPageSizeMax >= kScanMax;
      if (!slugs || slugs->contains(run.function.slug)) {
        const auto done = append_v2_run(out, run, *functions, reader, query.output);
        if (!done) return done.error();
        ++found;
      }
      // What stands behind is found by the next page, which may turn out to be empty.
      const bool goes_on = i + 1 < runs->size() || runs->size() == kPageSizeMax;
      if (goes_on && (found == query.limit || is_last_looked_at)) page.cursor = run.id.to_string();
    }
    if (runs->size() < kPageSizeMax) break;
  }
  page.data = out.end_array().take();
  return v2_page(page);
}

void get_runs(Gateway& gateway, const Request& request, const Responder& responder,
              const std::string& app, const std::string& function) {
  Result<RunsQuery> query = read_runs_query(request);
  if (!query) return responder.send(v2_failure(query.error()));
  if (!app.empty()) query->apps = {app};
  if (!function.empty()) query->functions = {function};
  query->of_path = function;
  std::string cursor(request.query_value("cursor").value_or(""));
  answer_v2(gateway, responder,
            [query = std::move(*query), cursor = std::move(cursor)](JournalReader& reader) {
              return list_runs(reader, query, cursor);
            });
}

// -- Apps and functions ---------------------------------------------------------------------------

Error no_app(const std::string& app) {
  return {ErrorCode::kNotFound, fmt::format("there is no app \"{}\"", app)};
}

// The functions that are registered now, by app; of one alone if it is named.
Result<std::vector<FunctionConfig>> active_functions(JournalReader& reader,
                                                     const std::string& app) {
  Result<std::vector<StoredFunction>> functions = reader.functions();
  if (!functions) return functions.error();
  std::vector<FunctionConfig> active;
  for (StoredFunction& each : *functions) {
    if (each.archived || (!app.empty() && each.config.app != app)) continue;
    active.push_back(std::move(each.config));
  }
  std::sort(active.begin(), active.end(), [](const auto& left, const auto& right) {
    return std::tie(left.app, left.id.slug) < std::tie(right.app, right.id.slug);
  });
  return active;
}

void append_app(JsonWriter& out, const std::string& app, size_t functions) {
  out.begin_object().key("id").string(app).key("functionCount");
  out.integer(static_cast<int64_t>(functions)).end_object();
}

void append_function(JsonWriter& out, const FunctionConfig& config) {
  std::string_view id = config.id.slug;
  if (id.starts_with(config.app + "-")) id.remove_prefix(config.app.size() + 1);
  out.begin_object().key("id").string(id).key("name").string(config.name);
  out.key("app").begin_object().key("id").string(config.app).end_object();
  out.key("configuration").raw(function_config_json(config)).end_object();
}

Result<Response> list_apps(JournalReader& reader) {
  const auto functions = active_functions(reader, "");
  if (!functions) return functions.error();
  V2Page page;
  JsonWriter out;
  out.begin_array();
  for (size_t begin = 0; begin < functions->size();) {
    size_t end = begin;
    while (end < functions->size() && (*functions)[end].app == (*functions)[begin].app) ++end;
    append_app(out, (*functions)[begin].app, end - begin);
    ++page.limit;
    begin = end;
  }
  page.data = out.end_array().take();
  return v2_page(page);
}

Result<Response> show_app(JournalReader& reader, const std::string& app) {
  const auto functions = active_functions(reader, app);
  if (!functions) return functions.error();
  if (functions->empty()) return no_app(app);
  JsonWriter out;
  append_app(out, app, functions->size());
  return v2_data(200, out.take());
}

Result<Response> list_functions_of(JournalReader& reader, const std::string& app) {
  const auto functions = active_functions(reader, app);
  if (!functions) return functions.error();
  if (functions->empty()) return no_app(app);
  JsonWriter out;
  out.begin_array();
  for (const FunctionConfig& config : *functions) append_function(out, config);
  return v2_page({.data = out.end_array().take(), .cursor = {}, .limit = functions->size()});
}

Result<Response> show_function(JournalReader& reader, const std::string& app,
                               const std::string& function) {
  const auto functions = active_functions(reader, app);
  if (!functions) return functions.error();
  for (const FunctionConfig& config : *functions) {
    if (!names(function, config)) continue;
    JsonWriter out;
    append_function(out, config);
    return v2_data(200, out.take());
  }
  return Error{ErrorCode::kNotFound, fmt::format("there is no function \"{}\"", function)};
}

}  // namespace

void add_rest_v2_lists(Router& router, Gateway& gateway) {
  using Handle = void (*)(Gateway&, const Request&, const Responder&);
  for (const std::string_view prefix : {"/v2", "/api/v2"}) {
    const auto add = [&](std::string_view pattern, Handle handle) {
      router.add({.method = Method::kGet,
                  .pattern = fmt::format("{}{}", prefix, pattern),
                  .policy = Access::kSigningKey,
                  .handler = [&gateway, handle](Request&& request, const Responder& responder) {
                    handle(gateway, request, responder);
                  }});
    };
    add("/runs", [](Gateway& to, const Request& request, const Responder& responder) {
      get_runs(to, request, responder, "", "");
    });
    add("/apps/{app}/functions/{function}/runs",
        [](Gateway& to, const Request& request, const Responder& responder) {
          get_runs(to, request, responder, request.param("app"), request.param("function"));
        });
    add("/apps", [](Gateway& to, const Request&, const Responder& responder) {
      answer_v2(to, responder, list_apps);
    });
    add("/apps/{app}", [](Gateway& to, const Request& request, const Responder& responder) {
      answer_v2(to, responder, [app = request.param("app")](JournalReader& reader) {
        return show_app(reader, app);
      });
    });
    add("/apps/{app}/functions",
        [](Gateway& to, const Request& request, const Responder& responder) {
          answer_v2(to, responder, [app = request.param("app")](JournalReader& reader) {
            return list_functions_of(reader, app);
          });
        });
    add("/apps/{app}/functions/{function}",
        [](Gateway& to, const Request& request, const Responder& responder) {
          answer_v2(to, responder,
                    [app = request.param("app"), function = request.param("function")](
                        JournalReader& reader) { return show_function(reader, app, function); });
        });
  }
}

}  // namespace stepwell::server
