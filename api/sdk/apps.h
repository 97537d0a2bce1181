// The apps that have registered over HTTP: their names, where they are, what they are.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/sdk/register_body.h"
#include "api/server/gateway.h"

namespace stepwell::sdk {

// `url` as apps are told apart by it: without what a sync or a call adds to its query, and with one
// name for this machine. Text that is no URL stays as it is.
std::string app_url(std::string_view url);

struct App {
  std::string name;
  std::string url;        // see app_url()
  std::string sdk;        // "js:v4.24.0"; empty if it has not registered since the start
  std::string framework;  // may be empty
  size_t functions = 0;
  std::string checksum;  // of the body it registered with last
};

// Loop thread only. What apps had registered before the start is read from the journal when it is
// first needed.
class Apps {
 public:
  struct Outcome {
    bool is_modified = false;
    std::string app;
    std::optional<RegistrationFault> fault;
    bool is_unavailable = false;  // with a fault: worth trying again
  };
  using Registered = std::function<void(Outcome)>;
  using Removed = std::function<void(Result<void>)>;
  using Listener = std::function<void(const std::string& news)>;

  explicit Apps(server::Gateway& gateway) : gateway_(gateway) {}

  // Called with a line for people when an app comes, changes or goes.
  void on_news(Listener listener) { on_news_ = std::move(listener); }

  // Parses `body` off the loop, and registers what it says unless it is what the app said last.
  // They are registered in the order in which they came.
  void add(std::string body, BodyKind kind, Registered done);
  // Archives the functions of the apps at this URL; kNotFound if there is none.
  void remove(std::string_view url, Removed done);

  // Calls back with the apps once they are known, or why they can't be read now.
  void look(std::function<void(Result<void>)> done);
  const std::map<std::string, App, std::less<>>& all() const { return apps_; }

 private:
  // A registration that is being parsed, or waits for one before it to be.
  struct Waiting {
    std::string body;
    std::string checksum;
    ParsedRegistration parsed;
    bool is_parsed = false;
    Registered done;
  };

  void take_parsed();
  void parsed(ParsedRegistration parsed, std::string checksum, Registered done);
  void refuse(ParsedRegistration parsed, Registered done);
  void registered(const Registration& registration, std::string checksum,
                  const core::Answer& answer, const Registered& done);
  void loaded(const std::vector<storage::StoredFunction>& functions);
  void remove_next(std::vector<std::string> names, Removed done);
  void tell(const std::string& news) {
    if (on_news_) on_news_(news);
  }

  server::Gateway& gateway_;
  std::map<std::string, App, std::less<>> apps_;  // by name
  std::deque<std::shared_ptr<Waiting>> arrived_;
  size_t under_way_ = 0;  // registrations that are still to be answered
  bool is_loaded_ = false;
  Listener on_news_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  // callbacks look at it
};

}  // namespace stepwell::sdk
