// An app behind HTTP, with the random programs as its functions: it reads real calls and answers
// with real ops. It is another machine: what happens to the engine's process does not touch it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "api/sdk/transport.h"
#include "api/server/secret.h"
#include "tests/simulation/body.h"
#include "tests/simulation/host.h"
#include "tests/simulation/wire_codec.h"

namespace stepwell::sim {

// With which calls are signed, where they are.
const server::SigningKey& wire_signing_key();

class WireApp {
 public:
  using Answer = std::function<void(WireAnswer)>;

  explicit WireApp(Host& host);

  // A call arrived. `answer` is called once, later or never: the app may hang.
  void call(const sdk::Exchange& request, Answer answer);

 private:
  // A call that is being worked on.
  struct Work {
    WireCall call;
    const AppFunction* function = nullptr;
    Answer answer;
    bool checkpoints = false;
    bool has_told = false;
  };
  using SharedWork = std::shared_ptr<Work>;

  bool is_genuine(const sdk::Exchange& request);
  void run_function(const SharedWork& work);
  void run_target(const SharedWork& work);
  void run_body(const SharedWork& work, const Statement& statement, StepOp op, int attempt);
  void body_ended(const SharedWork& work, const StepOp& op);
  void tell(const SharedWork& work, const StepOp& op);
  void answer(const SharedWork& work, const WireAnswer& answer) const;

  Host& host_;
  BodyRunner bodies_;
  std::map<std::string, const AppFunction*> functions_;  // by the UUID that calls name
  uint64_t signatures_ = 0;                              // that were looked at
};

}  // namespace stepwell::sim
