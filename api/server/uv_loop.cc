#include "api/server/uv_loop.h"

#include <fmt/core.h>
#include <netdb.h>
#include <signal.h>
#include <uv.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "schema/check.h"

namespace stepwell::server {
namespace {

// The wall clock may jump while an alarm waits on the monotonic one, so it is looked at this often.
constexpr Duration kWallClockCheck{1'000};

Time wall_now() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

template <typename Handle>
uv_handle_t* as_handle(Handle* handle) {
  return reinterpret_cast<uv_handle_t*>(handle);
}

// A peer that goes away while it is written to is an error of that connection, and must not end the
// process that embeds the server. Blocks SIGPIPE in this thread alone: it is raised in the thread
// that writes, and others may want it.
class PipeSignalBlocked {
 public:
  PipeSignalBlocked() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~PipeSignalBlocked() {
    if (sigismember(&before_, SIGPIPE) == 1) return;
    const timespec at_once{};
    while (sigtimedwait(&pipe_, nullptr, &at_once) == SIGPIPE) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  PipeSignalBlocked(const PipeSignalBlocked&) = delete;
  PipeSignalBlocked& operator=(const PipeSignalBlocked&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
};

}  // namespace

struct UvLoop::Handles {
  uv_loop_t loop;
  uv_async_t wake;                      // another thread has posted tasks
  uv_idle_t own;                        // the loop thread has: this costs no system call
  uv_timer_t alarm;                     // the engine's next alarm
  uv_prepare_t prepare;                 // ends an iteration, for the lag
  std::atomic<std::thread::id> runner;  // nobody before run()
};

UvLoop::UvLoop() : handles_(std::make_unique<Handles>()), loop_thread_(std::this_thread::get_id()) {
  Handles& handles = *handles_;
  CHECK_INVARIANT(uv_loop_init(&handles.loop) == 0, "no event loop: out of descriptors?");
  CHECK_INVARIANT(uv_loop_configure(&handles.loop, UV_METRICS_IDLE_TIME) == 0);
  handles.loop.data = this;
  CHECK_INVARIANT(uv_async_init(&handles.loop, &handles.wake,
                                [](uv_async_t* handle) {
                                  static_cast<UvLoop*>(handle->loop->data)->run_posted();
                                }) == 0,
                  "no descriptor for the loop's wake-up");
  uv_idle_init(&handles.loop, &handles.own);
  uv_timer_init(&handles.loop, &handles.alarm);
  uv_prepare_init(&handles.loop, &handles.prepare);
  uv_prepare_start(&handles.prepare, [](uv_prepare_t* handle) {
    static_cast<UvLoop*>(handle->loop->data)->record_lag();
  });
  uv_unref(as_handle(&handles.prepare));
}

struct UvLoop::Offloaded {
  uv_work_t request;
  UvLoop* loop;
  std::function<void()> work;
  std::function<void()> done;
};

struct UvLoop::LookUp {
  uv_getaddrinfo_t request;
  UvLoop* loop;
  std::string host;
  std::function<void(Result<Addresses>)> done;

  Result<Addresses> outcome(int status, const addrinfo* list) const;
};

UvLoop::~UvLoop() {
  Handles& handles = *handles_;
  is_closing_ = true;
  for (LookUp* each : look_ups_) uv_cancel(reinterpret_cast<uv_req_t*>(&each->request));
  while (offloaded_ > 0 || !look_ups_.empty()) uv_run(&handles.loop, UV_RUN_ONCE);
  // A task that goes may post another: what answers for a request that nobody answered.
  for (std::vector<std::function<void()>> tasks;; tasks.clear()) {
    {
      const std::lock_guard lock(mutex_);
      tasks.swap(posted_);
    }
    if (tasks.empty()) break;
  }
  on_alarm_ = nullptr;
  uv_close(as_handle(&handles.wake), nullptr);
  uv_close(as_handle(&handles.own), nullptr);
  uv_close(as_handle(&handles.alarm), nullptr);
  uv_close(as_handle(&handles.prepare), nullptr);
  // Closing ends in the loop's next pass; a close callback may close more.
  for (int pass = 0; pass < 8 && uv_run(&handles.loop, UV_RUN_NOWAIT) != 0; ++pass) {
  }
  CHECK_INVARIANT(uv_loop_close(&handles.loop) == 0, "something still lives on the loop");
}

uv_loop_s* UvLoop::handle() {
  return &handles_->loop;
}

void UvLoop::post(std::function<void()> task) {
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    is_first = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (!is_first) return;  // they are about to be run
  const bool is_own =
      handles_->runner.load(std::memory_order_relaxed) == std::this_thread::get_id();
  if (!is_own) {
    uv_async_send(&handles_->wake);
    return;
  }
  // Runs before the loop looks at its sockets again.
  uv_idle_start(&handles_->own, [](uv_idle_t* handle) {
    uv_idle_stop(handle);
    static_cast<UvLoop*>(handle->loop->data)->run_posted();
  });
}

void UvLoop::run_posted() {
  if (is_closing_) return;  // whoever they are for may be gone
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (std::function<void()>& task : tasks) {
    task();
    task = nullptr;  // what the task holds is released before the next one runs
  }
}

void UvLoop::offload(std::function<void()> work, std::function<void()> done) {
  CHECK_INVARIANT(is_loop_thread());
  auto* offloaded = new Offloaded{{}, this, std::move(work), std::move(done)};
  offloaded->request.data = offloaded;
  ++offloaded_;
  const int result = uv_queue_work(
      &handles_->loop, &offloaded->request,
      [](uv_work_t* request) { static_cast<Offloaded*>(request->data)->work(); },
      [](uv_work_t* request, int) {
        const std::unique_ptr<Offloaded> finished(static_cast<Offloaded*>(request->data));
        --finished->loop->offloaded_;
        if (!finished->loop->is_closing_) finished->done();
      });
  CHECK_INVARIANT(result == 0, "libuv takes all work");
}

void UvLoop::look_up(const std::string& host, std::function<void(Result<Addresses>)> done) {
  CHECK_INVARIANT(is_loop_thread());
  auto* look_up = new LookUp{{}, this, host, std::move(done)};
  look_up->request.data = look_up;
  look_ups_.insert(look_up);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  const auto ended = [](uv_getaddrinfo_t* request, int status, addrinfo* list) {
    const std::unique_ptr<LookUp> finished(static_cast<LookUp*>(request->data));
    UvLoop& loop = *finished->loop;
    loop.look_ups_.erase(finished.get());
    Result<Addresses> outcome = finished->outcome(status, list);
    uv_freeaddrinfo(list);
    if (!loop.is_closing_) finished->done(std::move(outcome));
  };
  const int refusal =
      uv_getaddrinfo(&handles_->loop, &look_up->request, ended, host.c_str(), nullptr, &hints);
  if (refusal == 0) return;
  look_ups_.erase(look_up);
  post([refused = std::shared_ptr<LookUp>(look_up), refusal] {
    refused->done(refused->outcome(refusal, nullptr));
  });
}

Result<UvLoop::Addresses> UvLoop::LookUp::outcome(int status, const addrinfo* list) const {
  if (status != 0) {
    return Error{ErrorCode::kUnavailable,
                 fmt::format("the name \"{}\" can't be resolved: {}", host, uv_strerror(status))};
  }
  Addresses addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    const size_t size = std::min<size_t>(entry->ai_addrlen, sizeof(sockaddr_storage));
    std::memcpy(&addresses.emplace_back(), entry->ai_addr, size);
  }
  return addresses;
}

void UvLoop::run_here_or_post(std::function<void()> task) {
  if (is_loop_thread()) {
    task();
  } else {
    post(std::move(task));
  }
}

bool UvLoop::is_loop_thread() const {
  return loop_thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

void UvLoop::run() {
  loop_thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  handles_->runner.store(std::this_thread::get_id(), std::memory_order_relaxed);
  const PipeSignalBlocked blocked;
  uv_run(&handles_->loop, UV_RUN_DEFAULT);
}

void UvLoop::stop() {
  post([this] { uv_stop(&handles_->loop); });
}

void UvLoop::set_alarm(std::optional<Time> at, std::function<void()> on_alarm) {
  CHECK_INVARIANT(is_loop_thread());
  alarm_at_ = at;
  on_alarm_ = std::move(on_alarm);
  if (!alarm_at_) {
    uv_timer_stop(&handles_->alarm);
    return;
  }
  arm_alarm();
}

void UvLoop::arm_alarm() {
  const Duration delay = std::clamp(*alarm_at_ - wall_now(), Duration(0), kWallClockCheck);
  uv_timer_start(
      &handles_->alarm,
      [](uv_timer_t* handle) { static_cast<UvLoop*>(handle->loop->data)->check_alarm(); },
      static_cast<uint64_t>(delay.count()), 0);
}

void UvLoop::check_alarm() {
  if (wall_now() < *alarm_at_) {
    arm_alarm();
    return;
  }
  alarm_at_.reset();
  std::exchange(on_alarm_, nullptr)();
}

// Runs when an iteration is about to wait for its sockets. The callbacks of the sockets run inside
// of what libuv calls polling, so the time that it was really idle is taken off.
void UvLoop::record_lag() {
  const uint64_t now = uv_hrtime();
  const uint64_t idle = uv_metrics_idle_time(&handles_->loop);
  if (iteration_started_ns_ != 0) {
    const uint64_t elapsed = now - iteration_started_ns_;
    const uint64_t waited = idle - idle_ns_;
    lag_.record(std::chrono::nanoseconds(elapsed > waited ? elapsed - waited : 0));
  }
  iteration_started_ns_ = now;
  idle_ns_ = idle;
}

struct Timer::State {
  uv_timer_t handle;
  std::function<void()> on_time;
};

Timer::Timer(UvLoop& loop, std::function<void()> on_time)
    : state_(new State{{}, std::move(on_time)}) {
  uv_timer_init(loop.handle(), &state_->handle);
  state_->handle.data = state_;
}

Timer::~Timer() {
  state_->on_time = nullptr;
  uv_close(as_handle(&state_->handle),
           [](uv_handle_t* handle) { delete static_cast<State*>(handle->data); });
}

void Timer::arm(SteadyTime deadline) {
  // libuv counts whole milliseconds of the same clock; rounding up keeps the timer from being
  // early.
  const auto due =
      std::chrono::ceil<std::chrono::milliseconds>(deadline.time_since_epoch()).count();
  const auto now = static_cast<int64_t>(uv_now(state_->handle.loop));
  uv_timer_start(
      &state_->handle, [](uv_timer_t* handle) { static_cast<State*>(handle->data)->on_time(); },
      static_cast<uint64_t>(std::max<int64_t>(due - now, 0)), 0);
}

void Timer::arm_after(std::chrono::milliseconds delay) {
  arm(std::chrono::steady_clock::now() + delay);
}

void Timer::disarm() {
  uv_timer_stop(&state_->handle);
}

}  // namespace stepwell::server
