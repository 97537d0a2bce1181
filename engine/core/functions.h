// The registered functions and what triggers them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/call.h"
#include "engine/core/condition.h"
#include "engine/core/flow_keys.h"
#include "schema/function_config.h"
#include "schema/run.h"

namespace stepwell::core {

struct Function {
  FunctionConfig config;
  bool is_archived = false;
  // Code for it is at hand: registered since the start, or reachable whenever (HTTP).
  bool is_available = false;
  std::vector<Condition> triggers;   // as config.triggers
  std::vector<Condition> cancel_on;  // as config.cancel_on
  FlowKeys flow_keys;                // of config.flow
  std::vector<RunNo> held_back;      // runs that go on when it becomes callable
  std::shared_ptr<const Endpoint> endpoint;
  std::optional<Time> paused_at;  // since when it starts nothing and its runs stand still

  int max_attempts() const;
  // Whether its runs may be called now.
  bool is_callable() const { return is_available && !paused_at; }
};

// Under which the cancellation `index` of config.cancel_on is recorded with a run: the digest of no
// text that anybody could name a step by. (Runs of earlier versions have that of "cancelOn:0".)
StepKey cancellation_key(size_t index);

// Whether a function may be registered so. The error names function, field and column of all that
// is wrong. What this version cannot do yet is refused.
Result<void> check_function(const FunctionConfig& config);
// The same as text, without the function's name; empty if nothing is wrong.
std::string faults_of_function(const FunctionConfig& config);

// Compiles the expressions of a configuration that was checked, now or by an earlier version.
Result<std::unique_ptr<Function>> compile_function(FunctionConfig config);

class Functions {
 public:
  // Adds it or replaces the one of the same id, whose address stays the same.
  Function& put(std::unique_ptr<Function> function);

  // No event triggers it any more; its open runs go on.
  void archive(Function& function);

  Function* find(std::string_view slug);
  const Function* find(std::string_view slug) const;

  // The functions that an event of this name may trigger: each once per trigger that names it, in
  // the order of their ids. Wildcards as protocol.md §1.8.
  struct Candidate {
    Function* function;
    size_t trigger;  // index into config.triggers
  };
  std::vector<Candidate> triggered_by(std::string_view event_name) const;
  bool is_trigger(std::string_view event_name) const;

  const std::map<std::string, std::unique_ptr<Function>, std::less<>>& all() const { return all_; }

 private:
  void index();

  std::map<std::string, std::unique_ptr<Function>, std::less<>> all_;
  std::map<std::string, std::vector<Candidate>, std::less<>> by_trigger_;
};

// "a/b/c.d" → itself, "a/*", "a/b/*", "a/b/c.*".
std::vector<std::string> trigger_names(std::string_view event_name);

}  // namespace stepwell::core
