// What the command line asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/cli/settings.h"

namespace stepwell::cli {

enum class Command : uint8_t {
  kDev,
  kServe,
  kRunsList,
  kRunsShow,
  kRunsCancel,
  kRunsRerun,
  kRunsTail,
  kEventsSend,
  kEventsList,
  kEventsShow,
  kFunctionsList,
  kFunctionsShow,
  kFunctionsPause,
  kFunctionsResume,
  kRealtimeTail,
  kRealtimePublish,
  kDoctor,
  kVersion,
};

enum class Output : uint8_t { kTable, kJson, kJsonLines };

struct Options {
  Command command = Command::kVersion;
  Output output = Output::kTable;
  bool no_colour = false;
  SettingValues flags;  // settings that were given as options

  std::vector<std::string> ids;  // runs, events or a function

  // Lists. Empty: not given.
  std::string function;
  std::vector<std::string> statuses;
  std::string since;
  std::string until;
  std::string event;
  std::string query;  // one condition a line
  std::string name;
  std::string limit;
  std::string cursor;
  bool with_internal = false;
  bool with_archived = false;

  // runs rerun
  std::string from_step;
  std::string input;
  bool yes = false;  // without asking

  // events send
  std::string data;
  std::string user;
  std::string event_id;
  std::string ts;

  // realtime
  std::string channel;
  std::vector<std::string> topics;

  bool wait = false;   // until the runs have ended
  bool whole = false;  // payloads
  bool deep = false;
};

// The program is to print this and to end: help, or what is wrong with the line.
struct Message {
  std::string text;
  bool is_error = false;
};

// Reads a command line without the program's name.
std::variant<Options, Message> parse_options(std::vector<std::string> arguments);

}  // namespace stepwell::cli
