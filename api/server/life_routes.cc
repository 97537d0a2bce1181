#include "api/server/life_routes.h"

#include <fmt/core.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/server/inspect/parameters.h"
#include "api/server/inspect/search_runs.h"
#include "api/server/request_bodies.h"
#include "api/server/wrong_id.h"
#include "schema/json.h"

namespace stepwell::server {
namespace {

// -- One run --------------------------------------------------------------------------------------

void rerun_run(Gateway& gateway, const Request& request, Responder responder) {
  const std::optional<RunId> id = RunId::parse(request.param("id"));
  if (!id) return responder.send(failure(not_a_run_id(request.param("id"))));
  Result<core::RerunRun> rerun = read_rerun(*id, request.body);
  if (!rerun) return responder.send(failure(rerun.error()));
  gateway.submit(std::move(*rerun), [responder](const core::Answer& answer) mutable {
    if (answer.error) return responder.send(failure(*answer.error));
    JsonWriter out;
    out.begin_object().key("data").begin_object().key("run_id");
    if (answer.run) {
      out.string(answer.run->to_string());
    } else {
      out.null();  // it waits for further events
    }
    out.end_object().end_object();
    responder.send(Response::json(201, out.take()));
  });
}

// -- Many runs ------------------------------------------------------------------------------------

// Runs that are read, then started again, at a time: each may have an output of megabytes.
constexpr size_t kPage = 50;

// Of the runs that were found, what a rerun needs.
struct Page {
  std::vector<RunId> runs;
  std::optional<RunNo> before;  // nothing: it was the last
};

Result<Page> read_page(const NamedValues& query, storage::JournalReader& reader) {
  const Result<FoundRuns> found = find_runs(query, reader);
  if (!found) return found.error();
  Page page{.runs = {}, .before = found->before};
  for (const RunRecord& run : found->runs) page.runs.push_back(run.id);
  return page;
}

// Goes through the runs, the newest first, a page at a time; so the runs that it starts, which are
// newer than all of them, are not among them. Loop thread.
class BulkRerun : public std::enable_shared_from_this<BulkRerun> {
 public:
  BulkRerun(Gateway& gateway, RerunSelection selection, Responder responder)
      : gateway_(gateway), selection_(std::move(selection)), responder_(std::move(responder)) {}

  void read() {
    NamedValues query = selection_.query;
    if (before_) query.push_back({"cursor", std::to_string(*before_)});
    const Result<void> queued = gateway_.runtime().query(
        // The loop outlives the threads that read; the gateway may not.
        [self = shared_from_this(), &loop = gateway_.loop(),
         query = std::move(query)](storage::JournalReader& reader) {
          auto page = std::make_shared<Result<Page>>(read_page(query, reader));
          loop.post([self, page] { self->take(*page); });
        });
    if (!queued) responder_.send(failure(queued.error()));
  }

 private:
  void take(const Result<Page>& page) {
    if (!page) return responder_.send(failure(page.error()));
    before_ = page->before;
    if (selection_.is_dry) {
      runs_ += page->runs.size();
      return go_on();
    }
    under_way_ = page->runs.size();
    if (under_way_ == 0) return go_on();
    for (const RunId& run : page->runs) {
      gateway_.submit(
          core::RerunRun{.id = run},
          [self = shared_from_this()](const core::Answer& answer) { self->started(answer); });
    }
  }

  // A run whose function is gone or paused does not keep the others from it.
  void started(const core::Answer& answer) {
    const bool is_refusal = answer.error && answer.error->code == ErrorCode::kConflict;
    if (!answer.error) ++runs_;
    if (is_refusal) ++refused_;
    if (answer.error && !is_refusal) error_ = answer.error;
    if (--under_way_ == 0) go_on();
  }

  void go_on() {
    if (!responder_.is_open()) return;  // nobody wants it any more
    if (error_) {
      const std::string what = fmt::format("{} (after {} runs)", error_->message, runs_);
      return responder_.send(failure({error_->code, what}));
    }
    if (before_) return read();
    JsonWriter out;
    out.begin_object().key("data").begin_object();
    out.key("runs").integer(static_cast<int64_t>(runs_));
    if (!selection_.is_dry) out.key("refused").integer(static_cast<int64_t>(refused_));
    out.end_object().end_object();
    responder_.send(Response::json(selection_.is_dry ? 200 : 201, out.take()));
  }

  Gateway& gateway_;
  RerunSelection selection_;
  Responder responder_;
  std::optional<RunNo> before_;
  std::optional<Error> error_;
  size_t under_way_ = 0;
  size_t runs_ = 0;
  size_t refused_ = 0;
};

void rerun_runs(Gateway& gateway, const Request& request, Responder responder) {
  Result<RerunSelection> selection = read_selection(request.query);
  if (!selection) return responder.send(failure(selection.error()));
  std::make_shared<BulkRerun>(gateway, std::move(*selection), std::move(responder))->read();
}

// -- Functions ------------------------------------------------------------------------------------

void pause_function(Gateway& gateway, const Request& request, bool is_paused, Responder responder) {
  const std::string id(request.param("id"));
  gateway.submit(core::PauseFunction{.function = FunctionId{id}, .is_paused = is_paused},
                 [responder, id, is_paused](const core::Answer& answer) mutable {
                   if (answer.error) return responder.send(failure(*answer.error));
                   JsonWriter out;
                   out.begin_object().key("data").begin_object().key("function").string(id);
                   out.key("paused").boolean(is_paused).key("changed").boolean(answer.is_modified);
                   out.end_object().end_object();
                   responder.send(Response::json(200, out.take()));
                 });
}

}  // namespace

Result<RerunSelection> read_selection(const NamedValues& query) {
  RerunSelection selection;
  for (const auto& [name, value] : query) {
    if (name == "cursor" || name == "limit") {
      return unknown_parameter(name, "function, status, event, query, from, until and dry_run");
    }
    if (name != "dry_run") {
      selection.query.push_back({name, value});
      continue;
    }
    const Result<bool> flag = read_flag(name, value);
    if (!flag) return flag.error();
    selection.is_dry = *flag;
  }
  if (selection.query.empty()) {
    return Error{ErrorCode::kInvalid,
                 "say which runs: function, status, event, query, from or until"};
  }
  selection.query.push_back({"limit", std::to_string(kPage)});
  return selection;
}

void add_life_routes(Router& router, Gateway& gateway) {
  const auto add = [&](std::string pattern, Handler handler) {
    router.add({.method = Method::kPost,
                .pattern = std::move(pattern),
                .policy = Access::kSigningKey,
                .handler = std::move(handler)});
  };
  add("/api/runs/{id}/rerun", [&gateway](Request&& request, Responder responder) {
    rerun_run(gateway, request, std::move(responder));
  });
  add("/api/reruns", [&gateway](Request&& request, Responder responder) {
    rerun_runs(gateway, request, std::move(responder));
  });
  for (const bool is_paused : {true, false}) {
    add(is_paused ? "/api/functions/{id}/pause" : "/api/functions/{id}/resume",
        [&gateway, is_paused](Request&& request, Responder responder) {
          pause_function(gateway, request, is_paused, std::move(responder));
        });
  }
}

}  // namespace stepwell::server
