// Pattern: a human in the loop.
//
// The run publishes a question with an id of its own and waits for the event that carries this id.
// While it waits, for fifteen minutes or for a year, it costs a timer and an entry in an index. An
// answer that is faster than the wait is not lost either: the wait finds it.
//
//   curl -N 'localhost:8288/v1/realtime/sse?channel=agentic-workflow' &
//   curl localhost:8288/e/dev -d '{"name":"agentic-workflow/start","data":{"prompt":"clean up"}}'
//   curl localhost:8288/e/dev -d '{"name":"agentic-workflow/confirmation",
//     "data":{"confirmation_uuid":"(from the question)","confirmed":true}}'
#include <random>
#include <string>

#include "examples/examples.h"

namespace examples {
namespace {

using namespace stepwell;
using namespace std::chrono_literals;

struct WorkflowStart {
  std::string prompt;
};
STEPWELL_FIELDS(WorkflowStart, prompt);

struct Question {
  std::string message;
  std::string confirmation_uuid;
};
STEPWELL_FIELDS(Question, message, confirmation_uuid);

struct Confirmation {
  std::string confirmation_uuid;
  bool confirmed = false;
};
STEPWELL_FIELDS(Confirmation, confirmation_uuid, confirmed);

constexpr EventType<WorkflowStart> workflow_start{"agentic-workflow/start"};
constexpr EventType<Confirmation> workflow_confirmation{"agentic-workflow/confirmation"};

struct WorkflowChannel {
  Topic<Question> messages{"agentic-workflow", "messages"};
};

std::string random_uuid() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::random_device random;
  std::string uuid = "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx";
  for (char& digit : uuid) {
    if (digit == 'x') digit = kDigits[random() % 16];
  }
  return uuid;
}

Task<std::string> agentic_workflow(Context<WorkflowStart> ctx) {
  auto& step = ctx.step;
  const std::string& prompt = ctx.event.data.prompt;

  // Random, so it belongs in a step: a replay must see the same one.
  std::string uuid = co_await step.run("get-confirmation-uuid", random_uuid);

  Question question{.message = "Proceed with: " + prompt + "?", .confirmation_uuid = uuid};
  co_await step.publish("ask", WorkflowChannel().messages, question);

  auto answer =
      co_await step.wait_for_event("wait-for-confirmation", workflow_confirmation,
                                   {.timeout = 15min, .if_ = where("confirmation_uuid", uuid)});

  if (!answer) co_return "nobody answered";
  if (!answer->data.confirmed) co_return "rejected";
  co_return co_await step.run("do-it", [&] { return "done: " + prompt; });
}

}  // namespace

void add_agentic_workflow(Engine& engine) {
  engine.function({.id = "agentic-workflow", .name = "Ask before acting"}, workflow_start,
                  agentic_workflow);
}

}  // namespace examples
