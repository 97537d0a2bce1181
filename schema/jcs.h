// The canonical form of JSON (RFC 8785): what is signed, so that both sides sign the same bytes.
#pragma once

#include <string>
#include <string_view>

#include "schema/json.h"
#include "schema/result.h"

namespace stepwell {

// `text` without white space, members sorted by the UTF-16 code units of their names, numbers and
// strings as JavaScript writes them. Where RFC 8785 leaves the ground of I-JSON, this follows what
// JSON.parse and JSON.stringify do, because SDKs do: the last of members with the same name counts,
// and lone surrogates stay escapes. An error for JSON that is invalid or over `limits`, and for
// numbers beyond a double, whatever the limits say. Large texts take long: off the loop thread.
Result<std::string> canonicalize_json(std::string_view text, JsonLimits limits = {});

}  // namespace stepwell
