#include "api/cli/step_words.h"

#include <fmt/core.h>

#include "api/cli/text.h"
#include "api/cli/when.h"

namespace stepwell::cli {
namespace {

std::string until(const TraceStep& step, const Screen& screen) {
  if (!step.due) return "";
  return fmt::format("until {} ({})", clock_time(*step.due), relative_time(*step.due, screen.now));
}

std::string pending_words(const TraceStep& step, const Screen& screen) {
  if (step.kind == "Sleep") return until(step, screen);
  if (!step.is_call()) return wait_words(step, screen);
  return step.due ? "next attempt " + relative_time(*step.due, screen.now) : "about to run";
}

std::string completed_words(const TraceStep& step) {
  if (step.kind == "Sleep") return "";
  if (step.kind == "WaitForEvent" || step.kind == "WaitForSignal") {
    const bool has_timed_out = step.data == "null" && step.resolved_by.empty();
    if (has_timed_out) return "timed out waiting for " + neutralise(step.target);
    const std::string by = step.resolved_by.empty() ? "" : "  " + neutralise(step.resolved_by);
    return "← " + neutralise(step.target) + by;
  }
  const std::string result = step.data.empty() ? "" : "→ " + compact_json(step.data);
  if (step.kind != "InvokeFunction") return result;
  return fmt::format("{} {}  {}", neutralise(step.target), neutralise(step.run), result);
}

}  // namespace

std::string_view kind_word(std::string_view kind) {
  if (kind == "StepRun") return "run";
  if (kind == "Sleep") return "sleep";
  if (kind == "WaitForEvent") return "wait";
  if (kind == "WaitForSignal") return "signal";
  if (kind == "InvokeFunction") return "invoke";
  if (kind == "SendEvent") return "send";
  if (kind == "Gateway") return "fetch";
  if (kind == "AIGateway") return "infer";
  return kind;
}

std::string_view step_mark(const TraceStep& step) {
  if (step.state == "Completed") return "✓";
  if (step.state == "Failed") return "✗";
  if (step.state == "Dropped") return "⊘";
  if (step.is_call()) return step.attempts.empty() ? "●" : "↻";
  return "◷";
}

Colour step_colour(const TraceStep& step) {
  if (step.state == "Completed") return Colour::kGreen;
  if (step.state == "Failed") return Colour::kRed;
  if (step.state == "Dropped") return Colour::kDim;
  return step.attempts.empty() ? Colour::kCyan : Colour::kYellow;
}

std::string wait_words(const TraceStep& step, const Screen& screen) {
  std::string words = neutralise(step.target);
  if (!step.condition.empty()) words += " if " + neutralise(step.condition);
  if (!step.run.empty()) words += " " + neutralise(step.run);
  if (step.due) words += (words.empty() ? "" : ", ") + until(step, screen);
  return words;
}

std::string step_outcome(const TraceStep& step, const Screen& screen) {
  if (step.is_pending()) return pending_words(step, screen);
  if (step.state == "Dropped") return "its run ended first";
  if (step.error) return error_words(*step.error);
  return completed_words(step);
}

std::string error_words(const TraceError& error) {
  const std::string message = neutralise(error.message);
  return error.name.empty() ? message : neutralise(error.name) + ": " + message;
}

std::string attempt_words(const TraceAttempt& attempt, const Screen& screen) {
  std::string words = fmt::format("attempt {} failed after {}: {}", attempt.number,
                                  short_duration(attempt.ended_at - attempt.started_at),
                                  error_words(attempt.error));
  if (!attempt.retry_at) return words + "; no attempts left";
  if (*attempt.retry_at > screen.now) {
    return words + "; next " + relative_time(*attempt.retry_at, screen.now);
  }
  return words + "; retried after " + short_duration(*attempt.retry_at - attempt.ended_at);
}

}  // namespace stepwell::cli
