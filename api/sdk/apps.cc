#include "api/sdk/apps.h"

#include <fmt/core.h>

#include <set>
#include <utility>

#include "api/sdk/url.h"
#include "engine/core/owner.h"
#include "schema/encoding.h"

namespace stepwell::sdk {
namespace {

bool is_added(std::string_view parameter) {
  const std::string_view name = parameter.substr(0, parameter.find('='));
  for (const std::string_view added : {"fnId", "stepId", "step", "deployId", "probe"}) {
    if (name == added) return true;
  }
  return false;
}

bool is_this_machine(const Url& url) {
  return url.host == "localhost" || url.host == "127.0.0.1" || url.host == "0.0.0.0" ||
         url.host == "::1" || url.host == "::";
}

RegistrationFault fault_of(const Error& error) {
  return {error.code == ErrorCode::kInvalid ? "config_invalid" : "unavailable", error.message, {}};
}

void add_owner_faults(const std::vector<storage::StoredFunction>& functions,
                      ParsedRegistration& parsed) {
  std::set<std::string_view> ids;
  for (const FunctionConfig& config : parsed.registration.functions) ids.insert(config.id.slug);
  for (const storage::StoredFunction& known : functions) {
    const bool is_ours = core::is_owner(known.config, parsed.registration.app, DriverKind::kHttp);
    if (known.archived || is_ours || !ids.contains(known.config.id.slug)) continue;
    std::string fault = core::fault_of_owner(known.config);
    parsed.fault->message += "\n" + fault;
    parsed.fault->details.push_back(std::move(fault));
  }
}

}  // namespace

std::string app_url(std::string_view text) {
  Result<Url> url = Url::parse(text);
  if (!url) return std::string(text);
  if (is_this_machine(*url)) url->host = "localhost";
  const std::string query = url->query();
  url->target = url->path();
  char separator = '?';
  for (size_t at = 0; at < query.size();) {
    const size_t end = std::min(query.find('&', at), query.size());
    const std::string_view parameter = std::string_view(query).substr(at, end - at);
    if (!parameter.empty() && !is_added(parameter)) {
      url->target.append(1, separator).append(parameter);
      separator = '&';
    }
    at = end + 1;
  }
  return url->to_string();
}

void Apps::add(std::string body, BodyKind kind, Registered done) {
  std::string checksum = sha256_hex(body);
  // While others are under way, what an app has said last is still to come.
  if (under_way_ == 0) {
    for (const auto& [name, app] : apps_) {
      if (app.checksum == checksum) return done({.app = name});
    }
  }
  ++under_way_;
  auto waiting = std::make_shared<Waiting>();
  waiting->body = std::move(body);
  waiting->checksum = std::move(checksum);
  waiting->done = [this, done = std::move(done)](Outcome outcome) {
    --under_way_;
    done(std::move(outcome));
  };
  arrived_.push_back(waiting);
  gateway_.loop().offload(
      [waiting, kind] { waiting->parsed = parse_registration(waiting->body, kind); },
      [this, alive = std::weak_ptr(alive_), waiting] {
        if (alive.expired()) return;
        waiting->is_parsed = true;
        take_parsed();
      });
}

// A large body is parsed longer than a small one that came after it.
void Apps::take_parsed() {
  while (!arrived_.empty() && arrived_.front()->is_parsed) {
    const std::shared_ptr<Waiting> next = std::move(arrived_.front());
    arrived_.pop_front();
    parsed(std::move(next->parsed), std::move(next->checksum), std::move(next->done));
  }
}

void Apps::parsed(ParsedRegistration parsed, std::string checksum, Registered done) {
  if (parsed.fault) return refuse(std::move(parsed), std::move(done));
  core::RegisterFunctions input{.app = parsed.registration.app,
                                .functions = parsed.registration.functions,
                                .driver = DriverKind::kHttp};
  gateway_.submit(
      std::move(input),
      [this, alive = std::weak_ptr(alive_), registration = std::move(parsed.registration),
       checksum = std::move(checksum), done = std::move(done)](const core::Answer& answer) {
        if (alive.expired()) return;
        registered(registration, checksum, answer, done);
      });
}

// Whose the ids are is known to the engine, which is told nothing of what cannot be registered; but
// the app is told all of its faults at once. Those that it has itself stand, whatever can be read.
void Apps::refuse(ParsedRegistration parsed, Registered done) {
  auto work = std::make_shared<ParsedRegistration>(std::move(parsed));
  const auto answer = [work, done, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) done({.app = work->registration.app, .fault = std::move(work->fault)});
  };
  if (work->registration.functions.empty()) return answer();
  const Result<void> queued = gateway_.runtime().query(
      [work, answer, &loop = gateway_.loop()](storage::JournalReader& reader) {
        if (const auto functions = reader.functions()) add_owner_faults(*functions, *work);
        loop.post(answer);
      });
  if (!queued) answer();
}

void Apps::registered(const Registration& registration, std::string checksum,
                      const core::Answer& answer, const Registered& done) {
  if (answer.error) {
    return done({.app = registration.app,
                 .fault = fault_of(*answer.error),
                 .is_unavailable = answer.error->code != ErrorCode::kInvalid});
  }
  App& app = apps_[registration.app];
  const std::string url = app_url(registration.url);
  const bool is_news = answer.is_modified || app.url != url || app.sdk.empty();
  app = {.name = registration.app,
         .url = url,
         .sdk = registration.sdk,
         .framework = registration.framework,
         .functions = registration.functions.size(),
         .checksum = std::move(checksum)};
  if (is_news) {
    tell(fmt::format("app \"{}\" ({}): {} function{} at {}", app.name, app.sdk, app.functions,
                     app.functions == 1 ? "" : "s", without_secrets(app.url)));
  }
  done({.is_modified = answer.is_modified, .app = registration.app});
}

void Apps::look(std::function<void(Result<void>)> done) {
  if (is_loaded_) return done({});
  const Result<void> queued =
      gateway_.runtime().query([this, alive = std::weak_ptr(alive_), done,
                                &loop = gateway_.loop()](storage::JournalReader& reader) {
        auto functions =
            std::make_shared<Result<std::vector<storage::StoredFunction>>>(reader.functions());
        loop.post([this, alive, functions, done] {
          if (alive.expired()) return;
          if (!*functions) return done(functions->error());
          if (!is_loaded_) loaded(**functions);
          done({});
        });
      });
  if (!queued) done(queued.error());
}

void Apps::loaded(const std::vector<storage::StoredFunction>& functions) {
  is_loaded_ = true;
  for (const storage::StoredFunction& function : functions) {
    if (function.archived || function.config.driver != DriverKind::kHttp) continue;
    const auto [place, is_new] = apps_.try_emplace(function.config.app);
    App& app = place->second;
    // What has registered since the start is newer.
    if (!app.sdk.empty() || !app.checksum.empty()) continue;
    if (is_new) app = {.name = function.config.app, .url = app_url(function.config.url)};
    ++app.functions;
  }
}

void Apps::remove(std::string_view url, Removed done) {
  look([this, url = app_url(url), done = std::move(done)](const Result<void>& known) {
    if (!known) return done(known.error());
    std::vector<std::string> names;
    for (const auto& [name, app] : apps_) {
      if (app.url == url) names.push_back(name);
    }
    if (names.empty()) {
      return done(Error{ErrorCode::kNotFound, fmt::format("no app is registered at {}", url)});
    }
    remove_next(std::move(names), done);
  });
}

void Apps::remove_next(std::vector<std::string> names, Removed done) {
  if (names.empty()) return done({});
  core::RegisterFunctions input{.app = names.back(), .functions = {}, .driver = DriverKind::kHttp};
  gateway_.submit(std::move(input), [this, alive = std::weak_ptr(alive_), names = std::move(names),
                                     done = std::move(done)](const core::Answer& answer) mutable {
    if (alive.expired()) return;
    if (answer.error) return done(*answer.error);
    apps_.erase(names.back());
    tell(fmt::format("app \"{}\" was removed", names.back()));
    names.pop_back();
    remove_next(std::move(names), std::move(done));
  });
}

}  // namespace stepwell::sdk
