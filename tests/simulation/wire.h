// Functions behind HTTP: what their apps are like, and what happens on the wire between them and
// the engine. Each rate is the probability at each exchange, drawn per seed. Zero: never.
#pragma once

#include <cstddef>
#include <string_view>

#include "schema/time.h"

namespace stepwell::sim {

struct WireRates {
  double reset_before = 0;      // the connection ends before the app has the request
  double cut_answer = 0;        // it ends inside the response
  double garbage = 0;           // what comes is no HTTP
  double wrong_length = 0;      // Content-Length says more, or less, than there is
  double cut_json = 0;          // a whole response whose ops end in the middle
  double wrong_ops = 0;         // ops that no SDK makes
  double proxy = 0;             // a page of something in between, after the app did its work
  double hangs = 0;             // no answer comes before the engine's patience ends
  double checkpoint_twice = 0;  // a checkpoint comes again at once
  double checkpoint_late = 0;   // and again minutes later, to whoever lives then
};

struct WireSite {
  std::string_view name;
  double WireRates::*rate;
  double rate_max;  // what a seed may draw
};

inline constexpr WireSite kWireSites[] = {
    {"reset-before", &WireRates::reset_before, 0.2},
    {"cut-answer", &WireRates::cut_answer, 0.2},
    {"garbage", &WireRates::garbage, 0.2},
    {"wrong-length", &WireRates::wrong_length, 0.2},
    {"cut-json", &WireRates::cut_json, 0.2},
    {"wrong-ops", &WireRates::wrong_ops, 0.2},
    {"proxy", &WireRates::proxy, 0.2},
    {"hangs", &WireRates::hangs, 0.1},
    {"checkpoint-twice", &WireRates::checkpoint_twice, 0.3},
    {"checkpoint-late", &WireRates::checkpoint_late, 0.3},
};

struct WireOptions {
  WireRates rates;
  bool is_signed = false;   // calls carry a signature, which apps check
  bool streams = false;     // apps answer in the envelope of a stream
  bool is_chunked = false;  // responses are sent in chunks, not with their length
  size_t lane_requests_max = 512;
  Duration patience = std::chrono::minutes(10);  // of the engine with a call

  // Whether calls may fail although nobody's code did.
  bool is_lossy() const;
};

}  // namespace stepwell::sim
