#include "tests/simulation/interpreter.h"

#include <fmt/core.h>

#include <algorithm>

#include "schema/json.h"

namespace stepwell::sim {
namespace {

using core::MemoEntry;

// One line of execution: what its code saw, and how new the newest of it is.
struct Path {
  int newest = -1;  // index into the memo; -1: nothing
  std::vector<std::string> seen;
};

enum class Flow { kDone, kBlocked, kStepFailed, kThrown, kReturned };

class Interpreter {
 public:
  explicit Interpreter(const Replay& replay) : replay_(replay) {
    for (size_t i = 0; i < replay.memo.size(); ++i) {
      index_.emplace(replay.memo[i].key, static_cast<int>(i));
    }
  }

  Progress run() {
    Path path;
    Flow flow = run_body(replay_.program, path);
    if (flow == Flow::kDone || flow == Flow::kReturned) progress_.returned = output(path);
    if (flow == Flow::kStepFailed) {
      // Nobody caught what a step threw: the function failed, and another attempt is no use.
      progress_.threw = core::Threw{.error = failure_, .retriable = false};
    }
    return std::move(progress_);
  }

 private:
  Flow run_body(const Body& body, Path& path) {
    for (const Statement& statement : body) {
      Flow flow = run_statement(statement, path);
      if (flow != Flow::kDone) return flow;
    }
    return Flow::kDone;
  }

  Flow run_statement(const Statement& statement, Path& path) {
    using Kind = Statement::Kind;
    switch (statement.kind) {
      case Kind::kParallel:
        return run_parallel(statement, path);
      case Kind::kRace:
        return run_race(statement, path);
      case Kind::kTry:
        return run_try(statement, path);
      case Kind::kRepeat:
        for (int i = 0; i < statement.count; ++i) {
          Flow flow = run_body(statement.branches[0], path);
          if (flow != Flow::kDone) return flow;
        }
        return Flow::kDone;
      case Kind::kThrow:
        if (replay_.attempt >= statement.count) return Flow::kDone;
        progress_.threw =
            core::Threw{.error = {.message = fmt::format("attempt {} throws", replay_.attempt)},
                        .retriable = statement.is_retriable,
                        .retry_after = statement.retry_after};
        return Flow::kThrown;
      case Kind::kStall:
        return replay_.attempt < statement.count ? Flow::kBlocked : Flow::kDone;
      case Kind::kPublish:
        progress_.publications.push_back({statement.target, "said", json_quote("outside")});
        return Flow::kDone;
      case Kind::kReturn:
        return Flow::kReturned;
      default:
        return run_step(statement, path);
    }
  }

  Flow run_step(const Statement& statement, Path& path) {
    int repeat = repeats_[statement.id]++;
    std::string id = repeat == 0 ? statement.id : fmt::format("{}:{}", statement.id, repeat);
    StepKey key = repeat == 0 ? statement.key : StepKey::of(id);
    auto found = index_.find(key);
    if (found == index_.end()) {
      meet(statement, key, path);
      return Flow::kBlocked;
    }
    path.newest = std::max(path.newest, found->second);
    const MemoEntry& entry = replay_.memo[static_cast<size_t>(found->second)];
    path.seen.push_back(id + "=" + summary(entry));
    if (entry.state == StepState::kFailed) {
      failure_ = entry.error.value_or(ErrorInfo{});
      return Flow::kStepFailed;
    }
    return Flow::kDone;
  }

  void meet(const Statement& statement, const StepKey& key, const Path& path) {
    ++progress_.unresolved;
    bool has_own_body =
        statement.kind == Statement::Kind::kRun || statement.kind == Statement::Kind::kFetch;
    if (has_own_body) progress_.bodies.emplace(key, &statement);
    if (replay_.pending.contains(key)) return;
    StepOp op;
    op.key = key;
    op.id = statement.id;
    op.body = body_of(statement);
    if (path.newest >= 0 && replay_.tells_seen) {
      op.seen = replay_.memo[static_cast<size_t>(path.newest)].key;
    }
    progress_.ops.push_back(std::move(op));
  }

  static decltype(StepOp::body) body_of(const Statement& statement) {
    using Kind = Statement::Kind;
    Deadline deadline{.after = statement.duration};
    if (statement.at) deadline = {.at = statement.at};
    switch (statement.kind) {
      case Kind::kSleep:
        return Sleep{deadline};
      case Kind::kWait:
        return WaitForEvent{statement.target, statement.expression, deadline};
      case Kind::kSignal:
        return WaitForSignal{statement.target, statement.on_conflict, deadline};
      case Kind::kInvoke:
        return InvokeFunction{.function = statement.target, .timeout = deadline};
      case Kind::kSend:
        return SendEvents{statement.events};
      case Kind::kFetch:
        return CallOut{.request = std::string(kFetchRequest)};
      default:
        return StepPlanned{};
    }
  }

  Flow run_parallel(const Statement& statement, Path& path) {
    Path joined = path;
    Flow result = Flow::kDone;
    ErrorInfo first_failure;
    for (const Body& branch : statement.branches) {
      Path own{path.newest, {}};
      Flow flow = run_body(branch, own);
      if (flow == Flow::kThrown) return flow;
      if (flow == Flow::kBlocked) result = Flow::kBlocked;
      if (flow == Flow::kStepFailed && result == Flow::kDone) {
        result = Flow::kStepFailed;
        first_failure = failure_;
      }
      joined.newest = std::max(joined.newest, own.newest);
      joined.seen.insert(joined.seen.end(), own.seen.begin(), own.seen.end());
    }
    if (result == Flow::kBlocked) return result;
    failure_ = first_failure;
    path = std::move(joined);
    return result;
  }

  // The first branch to be done, in the order of the memo, decides; the others live on.
  Flow run_race(const Statement& statement, Path& path) {
    std::optional<Path> winner;
    Flow result = Flow::kBlocked;
    ErrorInfo failure;
    for (size_t i = 0; i < statement.branches.size(); ++i) {
      Path own{path.newest, {}};
      Flow flow = run_body(statement.branches[i], own);
      if (flow == Flow::kThrown) return flow;
      if (flow == Flow::kBlocked || (winner && winner->newest <= own.newest)) continue;
      own.seen.insert(own.seen.begin(), fmt::format("won:{}", i));
      winner = std::move(own);
      result = flow;
      failure = failure_;
    }
    if (!winner) return Flow::kBlocked;
    failure_ = failure;
    path.newest = winner->newest;
    path.seen.insert(path.seen.end(), winner->seen.begin(), winner->seen.end());
    return result;
  }

  Flow run_try(const Statement& statement, Path& path) {
    Flow flow = run_body(statement.branches[0], path);
    if (flow != Flow::kStepFailed) return flow;
    path.seen.push_back("caught");
    return run_body(statement.branches[1], path);
  }

  static std::string summary(const MemoEntry& entry) {
    if (entry.state == StepState::kFailed) return "error:" + entry.error.value_or(ErrorInfo{}).name;
    JsonView data = JsonView::trusted(entry.data);
    switch (entry.kind) {
      case StepKind::kRun:
      case StepKind::kFetch:
      case StepKind::kSendEvent:
      case StepKind::kSleep:
        return "ok";
      case StepKind::kWaitForEvent:
        return data.is_null() ? "timeout" : data.find("id")->as_string().value_or("?");
      case StepKind::kWaitForSignal:
        return data.is_null() ? "timeout" : std::string(data.find("data")->text());
      default:
        return entry.data;
    }
  }

  static std::string output(const Path& path) {
    JsonWriter writer;
    writer.begin_array();
    for (const std::string& line : path.seen) writer.string(line);
    return writer.end_array().take();
  }

  const Replay& replay_;
  std::map<StepKey, int> index_;
  std::map<std::string, int> repeats_;
  Progress progress_;
  ErrorInfo failure_;
};

}  // namespace

Progress interpret(const Replay& replay) {
  return Interpreter(replay).run();
}

}  // namespace stepwell::sim
