// Journals of runs as text, and code held against them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/native/run_actor.h"
#include "storage/journal.h"

namespace stepwell::detail {

// All that a run has recorded, one JSON object with a line for each step.
std::string journal_text(const storage::RunSnapshot& snapshot);

// What about `function` does not fit such a text, in sentences. std::logic_error if the text is no
// journal.
std::vector<std::string> check_replay(const native::RegisteredFunction& function,
                                      std::string_view journal);

}  // namespace stepwell::detail
