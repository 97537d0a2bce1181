#include "engine/flow/place.h"

#include "schema/encoding.h"
#include "schema/utf8.h"

namespace stepwell::flow {

std::string short_key(std::string key) {
  if (key.size() <= kKeyBytesMax) return key;
  constexpr size_t kShown = 24;
  const std::string digest = sha256_hex(key);
  size_t shown = kShown;
  while (shown > 0 && (static_cast<unsigned char>(key[shown]) & 0xC0) == 0x80) --shown;
  key.resize(shown);
  return key + "…" + digest;
}

}  // namespace stepwell::flow
