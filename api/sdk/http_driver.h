// The driver of functions that SDKs serve: a call is a POST to the app.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "api/sdk/executor.h"
#include "api/sdk/http_client.h"
#include "api/server/secret.h"
#include "engine/core/driver.h"

namespace stepwell::sdk {

struct HttpDriverOptions {
  // Calls are signed with it; without one they are not signed.
  std::optional<server::SigningKey> signing_key;
  // An app may send its calls on to another host.
  bool may_leave_host = false;
  Milliseconds call_timeout = std::chrono::hours(2);
};

// Loop thread only.
class HttpDriver final : public core::Driver {
 public:
  // `took`: since the call was started, or its code reported last.
  using OnReply = std::function<void(core::Reply, Duration took)>;

  // `apps` calls the apps, `others` makes the requests of steps that the engine runs. All outlive
  // the driver.
  HttpDriver(Executor& executor, HttpClient& apps, HttpClient& others, HttpDriverOptions options,
             OnReply on_reply);
  // Calls under way are not answered any more.
  ~HttpDriver() override;

  void start(core::Call call) override;
  void drop(RunNo run) override;
  void drop_all() override;

  // How many calls have not been answered yet.
  size_t calls() const { return under_way_.size(); }
  // The code of this call reports what it has done so far. Gives the time since the call was
  // started, or since it reported last; zero if it is not under way.
  Duration reported(const core::CallId& call);

 private:
  struct UnderWay {
    RunNo run = 0;
    Time since;  // when the app was called, or when it reported last
    HttpClient* client = nullptr;
    uint64_t request = 0;  // 0: not sent yet
  };

  void call_app(uint64_t number, std::shared_ptr<const core::Call> call);
  void sign_again(HttpRequest& request) const;
  void send(uint64_t number, const std::shared_ptr<const core::Call>& call, std::string body,
            std::string signature);
  void run_step(uint64_t number, const std::shared_ptr<const core::Call>& call);
  // How long it took. Nothing: the run has ended, or the core has begun anew.
  std::optional<Duration> finish(uint64_t number);
  void reply(const core::Call& call, core::Reply reply, Duration took);

  Executor& executor_;
  HttpClient& apps_;
  HttpClient& others_;
  HttpDriverOptions options_;
  OnReply on_reply_;
  std::unordered_map<uint64_t, UnderWay> under_way_;  // by number of the call
  std::unordered_map<RunNo, std::unordered_set<uint64_t>> by_run_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace stepwell::sdk
