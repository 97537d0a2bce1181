// The lines of `runs tail`: each thing that happened, once.
#include <fmt/core.h>

#include <algorithm>

#include "api/cli/step_words.h"
#include "api/cli/text.h"
#include "api/cli/trace.h"
#include "api/cli/when.h"

namespace stepwell::cli {
namespace {

struct News {
  Time at;
  std::string mark;
  Colour colour = Colour::kPlain;
  std::string what;    // harmless
  std::string detail;  // harmless
  bool is_error = false;
};

const TraceStep* find_step(const Trace* trace, const TraceStep& step) {
  if (trace == nullptr) return nullptr;
  const auto found =
      std::find_if(trace->steps.begin(), trace->steps.end(), [&](const TraceStep& other) {
        return other.id == step.id && other.registered_at == step.registered_at &&
               other.kind == step.kind;
      });
  return found == trace->steps.end() ? nullptr : &*found;
}

News attempt_news(std::string what, const TraceAttempt& attempt, const Screen& screen) {
  return {
      attempt.ended_at, "✗", Colour::kRed, std::move(what), attempt_words(attempt, screen), true};
}

void add_step_news(std::vector<News>& news, const TraceStep& step, const TraceStep* before,
                   const Screen& screen) {
  const std::string what =
      fmt::format("{} ({})", neutralise(step.id), neutralise(kind_word(step.kind)));
  for (size_t i = before == nullptr ? 0 : before->attempts.size(); i < step.attempts.size(); ++i) {
    news.push_back(attempt_news(what, step.attempts[i], screen));
  }
  // A step that is retried has said so by its attempt.
  const bool is_new_wait = step.is_pending() && before == nullptr && step.attempts.empty();
  const bool has_ended = !step.is_pending() && (before == nullptr || before->is_pending());
  if (is_new_wait || has_ended) {
    news.push_back({step.resolved_at.value_or(step.registered_at), std::string(step_mark(step)),
                    step_colour(step), what, step_outcome(step, screen), step.error.has_value()});
  }
}

News end_news(const Trace& trace) {
  const std::string detail = trace.error            ? error_words(*trace.error)
                             : trace.output.empty() ? std::string()
                                                    : "→ " + compact_json(trace.output);
  return {*trace.ended_at,
          "■",
          status_colour(trace.status),
          fmt::format("{} in {}", neutralise(trace.status),
                      short_duration(*trace.ended_at - trace.created_at)),
          detail,
          trace.error.has_value()};
}

News begin_news(const Trace& trace) {
  std::string detail;
  if (!trace.events.empty()) {
    detail = fmt::format("{} {}", neutralise(trace.events.front().name),
                         compact_json(trace.events.front().data));
  }
  return {trace.created_at, "▶", Colour::kBlue, neutralise(trace.function), detail};
}

// What went wrong is said in full, as far as a few lines hold it, below the line that it belongs
// to.
std::string error_lines(std::string_view detail, size_t lead, size_t width) {
  constexpr size_t kLinesMax = 6;
  std::string text;
  for (const std::string& line : wrap(detail, width, kLinesMax)) {
    text += "\n" + std::string(lead, ' ') + line;
  }
  return text;
}

std::string render_line(const News& line, const Trace& trace, const Screen& screen,
                        Payloads payloads) {
  constexpr size_t kWhatWidth = 28;
  const std::string clock = clock_time(line.at).substr(11);
  const std::string offset = pad_left("+" + short_duration(line.at - trace.created_at), 8);
  const size_t lead = clock.size() + 1 + 8 + 2 + 2 + kWhatWidth + 2;
  const size_t left = screen.width > lead + 20 ? screen.width - lead : 20;
  std::string text = screen.paint(Colour::kDim, clock + " " + offset) + "  " +
                     screen.paint(line.colour, line.mark) + " " + pad(line.what, kWhatWidth);
  const bool fits = payloads == Payloads::kWhole || display_width(line.detail) <= left;
  if (!line.detail.empty() && (fits || !line.is_error)) {
    const std::string detail = fits ? line.detail : fit(line.detail, left);
    text += "  " + screen.paint(Colour::kDim, detail);
  }
  while (text.back() == ' ') text.pop_back();
  if (line.is_error && !fits) {
    const size_t below = lead - kWhatWidth - 2;
    text += screen.paint(Colour::kDim, error_lines(line.detail, below, screen.width - below));
  }
  return text + "\n";
}

}  // namespace

std::string render_news(const Trace& trace, const Trace* before, const Screen& screen,
                        Payloads payloads) {
  std::vector<News> news;
  if (before == nullptr) news.push_back(begin_news(trace));
  for (const TraceStep& step : trace.steps) {
    add_step_news(news, step, find_step(before, step), screen);
  }
  for (size_t i = before == nullptr ? 0 : before->attempts.size(); i < trace.attempts.size(); ++i) {
    news.push_back(attempt_news(neutralise(trace.function), trace.attempts[i], screen));
  }
  std::stable_sort(news.begin(), news.end(),
                   [](const News& a, const News& b) { return a.at < b.at; });
  if (!trace.is_open() && (before == nullptr || before->is_open())) news.push_back(end_news(trace));
  std::string out;
  for (const News& line : news) out += render_line(line, trace, screen, payloads);
  return out;
}

}  // namespace stepwell::cli
