// An app's answer to a call: any bytes may come, with any status.
#include <cstddef>
#include <cstdint>
#include <string>

#include "api/sdk/call_answer.h"
#include "schema/check.h"
#include "schema/json.h"

namespace {

void check_json(const std::string& text) {
  CHECK_INVARIANT(stepwell::parse_json(text).ok(), "what goes on is JSON");
}

void check_ops(const std::vector<stepwell::StepOp>& ops) {
  for (const stepwell::StepOp& op : ops) {
    if (const auto* returned = std::get_if<stepwell::StepReturned>(&op.body)) {
      check_json(returned->data);
    } else if (const auto* threw = std::get_if<stepwell::StepThrew>(&op.body)) {
      check_json(stepwell::error_json(threw->error));
    } else if (const auto* invoke = std::get_if<stepwell::InvokeFunction>(&op.body)) {
      check_json(invoke->data);
      check_json(invoke->user);
    } else if (const auto* out = std::get_if<stepwell::CallOut>(&op.body)) {
      check_json(out->request);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stepwell;
  constexpr int kStatuses[] = {206, 200, 201, 400, 500, 204, 302};
  if (size == 0) return 0;
  sdk::HttpResponse response;
  response.status = kStatuses[data[0] % std::size(kStatuses)];
  response.body.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] < 0x80) {
    response.headers.append_name("x-inngest-sdk");
    response.headers.append_value("inngest-js:v4.24.0");
    response.headers.end_field();
  }
  const sdk::CallPlace place{"app", "app-f", "01JD7RVNRVNRVNRVNRVNRVNRVN", "http://h/"};
  const sdk::CallAnswer answer = sdk::read_answer(std::move(response), place, 2, Time{});
  if (const auto* yielded = std::get_if<core::Yielded>(&answer.outcome)) {
    check_ops(yielded->ops);
  } else if (const auto* returned = std::get_if<core::Returned>(&answer.outcome)) {
    check_json(returned->output);
    check_ops(returned->ops);
  } else {
    check_json(error_json(std::get<core::Threw>(answer.outcome).error));
  }
  return 0;
}
