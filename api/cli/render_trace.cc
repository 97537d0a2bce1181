// The page of `runs show`.
#include <fmt/core.h>

#include <algorithm>

#include "api/cli/step_words.h"
#include "api/cli/text.h"
#include "api/cli/trace.h"
#include "api/cli/when.h"

namespace stepwell::cli {
namespace {

constexpr size_t kAtWidth = 9;    // "+2d 4h"
constexpr size_t kTookWidth = 8;  // "3h 12m"
constexpr size_t kNameWidthMin = 14;
constexpr size_t kStackLinesMax = 12;
constexpr size_t kLinesBelowMax = 3;  // what belongs to a line of the timeline
constexpr size_t kLinesOfTextMax = 8;

// How the lines of the timeline are divided.
struct Columns {
  size_t name = kNameWidthMin;
  size_t bar = 0;
  size_t detail = 0;
};

class TracePage {
 public:
  TracePage(const Trace& trace, const Screen& screen, Payloads payloads)
      : trace_(trace),
        screen_(screen),
        payloads_(payloads),
        begin_(trace.created_at),
        end_(std::max(trace.ended_at.value_or(trace.as_of), begin_ + Duration(1))) {}

  std::string render() {
    write_heading();
    write_facts();
    if (!trace_.steps.empty() || !trace_.attempts.empty()) write_timeline();
    write_ending();
    return std::move(out_);
  }

 private:
  std::string clean(std::string_view text) const { return neutralise(text); }

  void write_heading() {
    const std::string took = short_duration(end_ - trace_.started_at.value_or(begin_));
    const std::string word = state_word(trace_.status, trace_.waiting_for);
    std::string state = word;
    if (!trace_.started_at) {
      state += trace_.is_open() ? " for " + short_duration(end_ - begin_) : "";
    } else {
      state += (trace_.is_open() ? " for " : " in ") + took;
    }
    out_ += screen_.paint(Colour::kBold, clean(trace_.function)) + "  " + clean(trace_.id) + "  " +
            screen_.paint(status_colour(word), std::string(state_mark(word)) + " " + clean(state)) +
            "\n\n";
  }

  void fact(std::string_view name, std::string_view text) {
    out_ += "  " + screen_.paint(Colour::kDim, pad(name, 11)) + std::string(text) + "\n";
  }

  // A JSON value behind `lead`, on the rest of the line or, in whole, below it.
  std::string payload(std::string_view json, size_t lead) const {
    if (json.empty()) return "";
    if (payloads_ == Payloads::kWhole) return indent_json(json, 13);
    const size_t left = screen_.width > lead + 20 ? screen_.width - lead : 20;
    return fit(compact_json(json), left);
  }

  void write_facts() {
    fact("created", clock_time(trace_.created_at) + " UTC (" +
                        relative_time(trace_.created_at, screen_.now) + ")");
    if (trace_.start_at) fact("starts", clock_time(*trace_.start_at) + " UTC");
    for (const TraceEvent& event : trace_.events) {
      const std::string name = clean(event.name);
      const std::string id = clean(event.id);
      const size_t lead = 13 + display_width(name) + 2 + display_width(id) + 2;
      fact("trigger",
           name + "  " + screen_.paint(Colour::kDim, id) + "  " + payload(event.data, lead));
    }
    if (!trace_.rerun_of.empty()) fact("rerun of", clean(trace_.rerun_of));
    if (!trace_.invoked_by.empty()) fact("invoked by", "run " + clean(trace_.invoked_by));
    for (const std::string& fault : trace_.flow_faults) fact("flow fault", clean(fault));
    for (const TraceStep& cancellation : trace_.cancellations) {
      if (cancellation.is_pending()) fact("cancel on", wait_words(cancellation, screen_));
    }
  }

  // -- The timeline -------------------------------------------------------------------------------

  Columns columns() const {
    size_t longest = kNameWidthMin;
    for (const TraceStep& step : trace_.steps) {
      longest = std::max(longest, std::min<size_t>(display_width(clean(step.id)), 32) + 2);
    }
    Columns columns;
    columns.name = longest;
    columns.bar = screen_.width >= 120  ? 28
                  : screen_.width >= 90 ? 18
                  : screen_.width >= 76 ? 10
                                        : 0;
    const size_t used = 2 + kAtWidth + 1 + columns.name + 1 + kKindWidth + 1 +
                        (columns.bar > 0 ? columns.bar + 2 : 0) + kTookWidth + 2;
    columns.detail = screen_.width > used + 16 ? screen_.width - used : 16;
    return columns;
  }

  void write_timeline() {
    const Columns widths = columns();
    out_ += "\n";
    size_t next_attempt = 0;
    for (const TraceStep& step : trace_.steps) {
      while (next_attempt < trace_.attempts.size() &&
             trace_.attempts[next_attempt].started_at <= step.registered_at) {
        write_function_attempt(trace_.attempts[next_attempt++], widths);
      }
      write_step(step, widths);
    }
    while (next_attempt < trace_.attempts.size()) {
      write_function_attempt(trace_.attempts[next_attempt++], widths);
    }
  }

  struct Row {
    Time at;
    Time until;
    std::string mark;
    Colour colour = Colour::kPlain;
    std::string name;
    std::string kind;
    std::string bar;
    std::string detail;
  };

  void write_row(const Row& row, const Columns& widths) {
    out_ +=
        "  " + screen_.paint(Colour::kDim, pad("+" + short_duration(row.at - begin_), kAtWidth));
    out_ += " " + screen_.paint(row.colour, row.mark) + " " + pad(row.name, widths.name - 2) + " ";
    out_ += screen_.paint(Colour::kDim, pad(row.kind, kKindWidth)) + " ";
    if (widths.bar > 0) {
      out_ += screen_.paint(Colour::kDim, "▏") + screen_.paint(row.colour, row.bar) +
              screen_.paint(Colour::kDim, "▏");
    }
    out_ += pad_left(short_duration(row.until - row.at), kTookWidth);
    // What is too long for the rest of the line gets one of its own.
    const bool fits = display_width(row.detail) <= widths.detail;
    if (!row.detail.empty() && fits) out_ += "  " + screen_.paint(Colour::kDim, row.detail);
    out_ += "\n";
    if (!fits) write_below(row.detail, Colour::kDim);
  }

  void write_step(const TraceStep& step, const Columns& widths) {
    const Time until = step.resolved_at.value_or(end_);
    // Its result in whole follows below.
    const bool is_below = payloads_ == Payloads::kWhole && !step.data.empty();
    std::string outcome = is_below ? std::string() : step_outcome(step, screen_);
    if (step.state == "Completed") outcome = fit(outcome, widths.detail);
    write_row(
        {step.registered_at, until, std::string(step_mark(step)), step_colour(step), clean(step.id),
         clean(kind_word(step.kind)), step_bar(step, until, widths.bar), std::move(outcome)},
        widths);
    for (const TraceAttempt& attempt : step.attempts) write_attempt(attempt);
    if (is_below) {
      const std::string indent(2 + kAtWidth + 3, ' ');
      out_ += indent + indent_json(step.data, indent.size()) + "\n";
    }
  }

  void write_function_attempt(const TraceAttempt& attempt, const Columns& widths) {
    write_row({attempt.started_at, attempt.ended_at, "✗", Colour::kRed, clean(trace_.function),
               "function", bar({{attempt.started_at, attempt.ended_at, true}}, widths.bar), ""},
              widths);
    write_attempt(attempt);
  }

  void write_attempt(const TraceAttempt& attempt) {
    write_below(attempt_words(attempt, screen_), Colour::kRed);
  }

  void write_below(std::string_view text, Colour colour) {
    const size_t indent = 2 + kAtWidth + 3;
    for (const std::string& line : wrap(text, screen_.width - indent, kLinesBelowMax)) {
      out_ += std::string(indent, ' ') + screen_.paint(colour, line) + "\n";
    }
  }

  // -- Bars ---------------------------------------------------------------------------------------

  struct Span {
    Time from;
    Time until;
    bool is_busy;  // code ran; else it waited
  };

  std::string step_bar(const TraceStep& step, Time until, size_t width) const {
    std::vector<Span> spans = {
        {step.registered_at, until, step.is_call() && step.attempts.empty()}};
    for (const TraceAttempt& attempt : step.attempts) {
      spans.push_back({attempt.started_at, attempt.ended_at, true});
    }
    // The attempt that succeeded has no record of its own: it began when the last failed one let
    // it.
    if (!step.attempts.empty() && step.attempts.back().retry_at && !step.is_pending()) {
      spans.push_back({*step.attempts.back().retry_at, until, true});
    }
    return bar(spans, width);
  }

  size_t cell_of(Time time, size_t width) const {
    const Time inside = std::clamp(time, begin_, end_);
    const double share = static_cast<double>((inside - begin_).count()) /
                         static_cast<double>((end_ - begin_).count());
    return std::min(static_cast<size_t>(share * static_cast<double>(width)), width - 1);
  }

  // Later spans are drawn over earlier ones.
  std::string bar(const std::vector<Span>& spans, size_t width) const {
    if (width == 0) return "";
    std::vector<char> cells(width, ' ');
    for (const Span& span : spans) {
      const size_t last = cell_of(span.until, width);
      for (size_t cell = cell_of(span.from, width); cell <= last; ++cell) {
        cells[cell] = span.is_busy ? '#' : '.';
      }
    }
    std::string text;
    for (char cell : cells) text += cell == '#' ? "█" : cell == '.' ? "░" : " ";
    return text;
  }

  // -- The end ------------------------------------------------------------------------------------

  void write_ending() {
    out_ += "\n";
    if (trace_.is_open()) {
      write_why();
    } else if (trace_.error) {
      write_error(*trace_.error);
    } else if (!trace_.output.empty()) {
      fact("output", payload(trace_.output, 13));
    }
  }

  void write_why() {
    std::string text = clean(trace_.why);
    if (trace_.due) {
      if (text.ends_with('.')) text.pop_back();
      text += " (" + relative_time(*trace_.due, screen_.now) + ").";
    }
    const bool is_moving = trace_.waiting_kind == "call" || trace_.waiting_kind == "loading";
    out_ += "  " +
            (is_moving ? screen_.paint(Colour::kCyan, "What it does")
                       : screen_.paint(Colour::kYellow, "Why it is not moving")) +
            "\n";
    for (const std::string& line : wrap(text, screen_.width - 2, kLinesOfTextMax)) {
      out_ += "  " + line + "\n";
    }
  }

  void write_error(const TraceError& error) {
    const Colour colour = trace_.status == "Failed" ? Colour::kRed : Colour::kYellow;
    for (const std::string& line : wrap(error_words(error), screen_.width - 2, kLinesOfTextMax)) {
      out_ += "  " + screen_.paint(colour, line) + "\n";
    }
    std::string_view stack = error.stack;
    for (size_t line = 0; line < kStackLinesMax && !stack.empty(); ++line) {
      const size_t end = std::min(stack.find('\n'), stack.size());
      const std::string text = fit(clean(stack.substr(0, end)), screen_.width - 4);
      out_ += "    " + screen_.paint(Colour::kDim, text) + "\n";
      stack.remove_prefix(std::min(end + 1, stack.size()));
    }
  }

  const Trace& trace_;
  const Screen& screen_;
  Payloads payloads_;
  Time begin_;
  Time end_;
  std::string out_;
};

}  // namespace

std::string render_trace(const Trace& trace, const Screen& screen, Payloads payloads) {
  return TracePage(trace, screen, payloads).render();
}

}  // namespace stepwell::cli
