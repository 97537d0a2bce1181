// An app behind HTTP, with the random programs as its functions: it reads real calls and answers
// with real ops. It is another machine: what happens to the engine's process does not touch it.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

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

  explicit WireApp(Host& host) : host_(host), bodies_(host) {}

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

  const AppFunction* function_of(std::string_view uuid) const;
  bool is_genuine(const sdk::Exchange& request) const;
  void run_function(const SharedWork& work);
  void run_target(const SharedWork& work);
  void run_body(const SharedWork& work, const Statement& statement, StepOp op, int attempt);
  void body_ended(const SharedWork& work, const StepOp& op);
  void tell(const SharedWork& work, const StepOp& op);
  void answer(const SharedWork& work, const WireAnswer& answer) const;

  Host& host_;
  BodyRunner bodies_;
};

}  // namespace stepwell::sim
