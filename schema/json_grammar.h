// For telling what parse_json refuses from what is no JSON.
#pragma once

#include <string_view>

namespace stepwell {

// Whether `text` is one JSON value by the grammar alone, however deeply it is nested and however
// large its numbers are. Then JsonView::trusted may look at it.
bool is_json(std::string_view text);

}  // namespace stepwell
