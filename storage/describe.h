// Names of records for messages.
#pragma once

#include <string>

#include "storage/records.h"

namespace stepwell::storage {

// "PutStep 17 of run 3 (key 0a4d…)": which record of a batch is meant.
std::string describe(const Record& record);

}  // namespace stepwell::storage
