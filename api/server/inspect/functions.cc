#include <algorithm>

#include "api/server/inspect/parameters.h"
#include "api/server/inspect/queries.h"
#include "schema/json.h"

namespace stepwell::server {

Result<std::string> list_functions(const QueryRequest& request, storage::JournalReader& reader) {
  bool with_archived = false;
  for (const auto& [name, value] : request.query) {
    if (name != "archived") return unknown_parameter(name, "archived");
    Result<bool> flag = read_flag(name, value);
    if (!flag) return flag.error();
    with_archived = *flag;
  }
  Result<std::vector<storage::StoredFunction>> functions = reader.functions();
  if (!functions) return functions.error();
  std::sort(functions->begin(), functions->end(),
            [](const auto& a, const auto& b) { return a.config.id < b.config.id; });
  JsonWriter json;
  json.begin_object().key("data").begin_array();
  for (const storage::StoredFunction& function : *functions) {
    if (function.archived && !with_archived) continue;
    const bool is_paused =
        std::binary_search(request.paused.begin(), request.paused.end(), function.config.id);
    json.begin_object().key("archived").boolean(function.archived);
    json.key("paused").boolean(is_paused);
    json.key("config").raw(function_config_json(function.config)).end_object();
  }
  return json.end_array().key("cursor").null().end_object().take();
}

}  // namespace stepwell::server
