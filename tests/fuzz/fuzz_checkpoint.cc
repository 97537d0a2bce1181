// The body of a checkpoint, as anybody who reaches the server may send it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/sdk/run_routes.h"
#include "schema/check.h"
#include "schema/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto read = stepwell::sdk::parse_checkpoint("01JD7RVNRVNRVNRVNRVNRVNRVN",
                                                    {reinterpret_cast<const char*>(data), size});
  if (!read) return 0;
  for (const stepwell::StepOp& op : read->ops) {
    const auto& returned = std::get<stepwell::StepReturned>(op.body);
    CHECK_INVARIANT(stepwell::parse_json(returned.data).ok(), "what is recorded is JSON");
  }
  return 0;
}
