#include "api/server/bulk_cancel.h"

#include <fmt/core.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/server/queries.h"
#include "api/server/record_json.h"
#include "api/server/request_bodies.h"
#include "engine/runtime/clock.h"
#include "schema/encoding.h"
#include "schema/json.h"

namespace stepwell::server {
namespace {

// Runs that are read, then cancelled, at a time.
constexpr size_t kPage = 100;

// One page of runs to cancel, and where the next begins.
struct Page {
  std::vector<RunId> runs;
  std::optional<RunNo> before;  // nothing: it was the last
};

Result<bool> is_meant(storage::JournalReader& reader, const BulkCancellation& wanted,
                      const RunRecord& run, Time now) {
  if (wanted.condition.is_always()) return true;
  if (run.events.empty()) return false;
  const Result<std::optional<EventRecord>> event = reader.event_at(run.events.front());
  if (!event) return event.error();
  return *event && wanted.condition.matches_trigger(event_json((**event).event), now);
}

Result<Page> read_page(storage::JournalReader& reader, const BulkCancellation& wanted,
                       std::optional<RunNo> before, Time now) {
  const Result<FunctionId> function = find_function(reader, wanted.app, wanted.function);
  if (!function) return function.error();
  const Result<std::vector<RunRecord>> runs =
      reader.list_runs({.function = *function,
                        .statuses = {RunStatus::kScheduled, RunStatus::kRunning},
                        .created_from = wanted.started_after,
                        .created_until = wanted.started_before,
                        .before = before,
                        .limit = kPage});
  if (!runs) return runs.error();
  Page page;
  for (const RunRecord& run : *runs) {
    const Result<bool> meant = is_meant(reader, wanted, run, now);
    if (!meant) return meant.error();
    if (*meant) page.runs.push_back(run.id);
  }
  if (runs->size() == kPage) page.before = runs->back().no;
  return page;
}

Response finished(const BulkCancellation& done, size_t cancelled) {
  JsonWriter out;
  out.begin_object().key("app_id").string(done.app).key("function_id").string(done.function);
  out.key("started_after");
  if (done.started_after) {
    out.string(format_rfc3339(*done.started_after));
  } else {
    out.null();
  }
  out.key("started_before").string(format_rfc3339(done.started_before));
  out.key("if").string(done.expression);
  out.key("cancelled").integer(static_cast<int64_t>(cancelled)).end_object();
  return Response::json(201, envelope(out.take(), runtime::wall_clock()));
}

// A run that has ended meanwhile, or is just ending, is none to cancel.
bool is_ended(const core::Answer& answer) {
  const ErrorCode code = answer.error->code;
  return code == ErrorCode::kConflict || code == ErrorCode::kNotFound ||
         (code == ErrorCode::kUnavailable && answer.run);
}

// Reads a page, cancels its runs, and goes on with the next, whatever becomes of single runs. Loop
// thread.
class BulkCancel : public std::enable_shared_from_this<BulkCancel> {
 public:
  BulkCancel(Gateway& gateway, BulkCancellation wanted, Responder responder)
      : gateway_(gateway), wanted_(std::move(wanted)), responder_(std::move(responder)) {}

  void read(std::optional<RunNo> before) {
    const Result<void> queued = gateway_.runtime().query(
        // The loop outlives the threads that read; the gateway may not.
        [self = shared_from_this(), &loop = gateway_.loop(),
         before](storage::JournalReader& reader) {
          auto page = std::make_shared<Result<Page>>(
              read_page(reader, self->wanted_, before, runtime::wall_clock()));
          loop.post([self, page] { self->cancel(*page); });
        });
    if (!queued) fail(queued.error());
  }

 private:
  void cancel(const Result<Page>& page) {
    if (!page) return fail(page.error());
    before_ = page->before;
    under_way_ = page->runs.size();
    if (under_way_ == 0) return go_on();
    for (const RunId& run : page->runs) {
      gateway_.submit(
          core::CancelRun{.id = run},
          [self = shared_from_this()](const core::Answer& answer) { self->cancelled(answer); });
    }
  }

  void cancelled(const core::Answer& answer) {
    if (!answer.error) {
      ++cancelled_;
    } else if (!is_ended(answer)) {
      ++failed_;
      error_ = answer.error;
    }
    if (--under_way_ == 0) go_on();
  }

  void go_on() {
    if (before_) return read(before_);
    if (error_) return fail(*error_);
    responder_.send(finished(wanted_, cancelled_));
  }

  // Says what was done none the less.
  void fail(const Error& error) {
    if (cancelled_ + failed_ == 0) return responder_.send(failure(error));
    const std::string what =
        fmt::format("{} ({} runs were cancelled, {} were not)", error.message, cancelled_, failed_);
    responder_.send(failure({error.code, what}));
  }

  Gateway& gateway_;
  const BulkCancellation wanted_;
  Responder responder_;
  std::optional<RunNo> before_;
  std::optional<Error> error_;  // of the last that was not cancelled
  size_t failed_ = 0;
  size_t under_way_ = 0;
  size_t cancelled_ = 0;
};

}  // namespace

void add_bulk_cancel_routes(Router& router, Gateway& gateway) {
  router.add(
      {.method = Method::kPost,
       .pattern = "/v1/cancellations",
       .policy = Access::kSigningKey,
       .handler = [&gateway](Request&& request, const Responder& responder) {
         auto wanted = read_cancellation(request.body, runtime::wall_clock());
         if (!wanted) return responder.send(failure(wanted.error()));
         std::make_shared<BulkCancel>(gateway, std::move(*wanted), responder)->read(std::nullopt);
       }});
  // A cancellation acts at once, on what has started: when it is answered it is over, and there is
  // none to list or to take back.
  router.add({.method = Method::kGet,
              .pattern = "/v1/cancellations",
              .policy = Access::kSigningKey,
              .handler = [](Request&&, const Responder& responder) {
                responder.send(Response::json(200, envelope("[]", runtime::wall_clock())));
              }});
  router.add({.method = Method::kDelete,
              .pattern = "/v1/cancellations/{id}",
              .policy = Access::kSigningKey,
              .handler = [](Request&&, const Responder& responder) {
                responder.send(Response::error(
                    404, "a cancellation acts at once: there is none left to take back"));
              }});
}

}  // namespace stepwell::server
