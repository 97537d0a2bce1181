#include "api/server/gateway.h"

#include <utility>

namespace stepwell::server {

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kTooLarge:
      return 413;
    case ErrorCode::kUnauthorized:
      return 401;
    case ErrorCode::kUnavailable:
      return 503;
    case ErrorCode::kIo:
    case ErrorCode::kCorrupt:
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

Response failure(const Error& error) {
  const int status = status_of(error.code);
  if (status == 503) return Response::unavailable(error.message);
  return Response::error(status, error.message);
}

void Gateway::submit(core::Input input, Answered answered) {
  runtime_.submit(std::move(input), [&loop = loop_,
                                     answered = std::move(answered)](core::Answer answer) mutable {
    if (loop.is_loop_thread()) {
      answered(std::move(answer));
      return;
    }
    loop.post([answered = std::move(answered), answer = std::move(answer)]() mutable {
      answered(std::move(answer));
    });
  });
}

void Gateway::answer_query(const Responder& responder, Query query, Finish finish) {
  const Result<void> queued =
      runtime_.query([&loop = loop_, responder, query = std::move(query),
                      finish = std::move(finish)](storage::JournalReader& reader) {
        Result<std::string> result = query(reader);
        Response response = result ? finish(std::move(*result)) : failure(result.error());
        loop.post([responder, response = std::move(response)]() mutable {
          responder.send(std::move(response));
        });
      });
  if (queued) return;
  loop_.run_here_or_post(
      [responder, error = queued.error()]() mutable { responder.send(failure(error)); });
}

void Gateway::look_into_core(Look look) {
  runtime::Loop& engine_loop = runtime_.loop();
  auto task = [&runtime = runtime_, look = std::move(look)] {
    const bool is_serving = runtime.state() == runtime::RuntimeState::kServing;
    look(is_serving ? &runtime.core() : nullptr);
  };
  if (engine_loop.is_loop_thread()) {
    task();
  } else {
    engine_loop.post(std::move(task));
  }
}

}  // namespace stepwell::server
