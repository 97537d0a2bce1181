#include "tests/simulation/program.h"

namespace stepwell::sim {
namespace {

Statement named(Statement::Kind kind, std::string id, std::string target = "") {
  Statement statement;
  statement.kind = kind;
  statement.id = std::move(id);
  statement.key = StepKey::of(statement.id);
  statement.target = std::move(target);
  return statement;
}

Statement grouped(Statement::Kind kind, std::vector<Body> branches) {
  Statement statement;
  statement.kind = kind;
  statement.branches = std::move(branches);
  return statement;
}

}  // namespace

Statement run(std::string id) {
  return named(Statement::Kind::kRun, std::move(id));
}

Statement sleep(std::string id, Duration duration) {
  Statement statement = named(Statement::Kind::kSleep, std::move(id));
  statement.duration = duration;
  return statement;
}

Statement sleep_until(std::string id, Time at) {
  Statement statement = named(Statement::Kind::kSleep, std::move(id));
  statement.at = at;
  return statement;
}

Statement wait(std::string id, std::string event, Duration timeout) {
  Statement statement = named(Statement::Kind::kWait, std::move(id), std::move(event));
  statement.duration = timeout;
  return statement;
}

Statement wait_signal(std::string id, std::string signal, Duration timeout) {
  Statement statement = named(Statement::Kind::kSignal, std::move(id), std::move(signal));
  statement.duration = timeout;
  return statement;
}

Statement invoke(std::string id, std::string function, Duration timeout) {
  Statement statement = named(Statement::Kind::kInvoke, std::move(id), std::move(function));
  statement.duration = timeout;
  return statement;
}

Statement fetch(std::string id) {
  return named(Statement::Kind::kFetch, std::move(id));
}

Statement send(std::string id, std::vector<Event> events) {
  Statement statement = named(Statement::Kind::kSend, std::move(id));
  statement.events = std::move(events);
  return statement;
}

Statement parallel(std::vector<Body> branches) {
  return grouped(Statement::Kind::kParallel, std::move(branches));
}

Statement race(std::vector<Body> branches) {
  return grouped(Statement::Kind::kRace, std::move(branches));
}

Statement try_catch(Body body, Body handler) {
  return grouped(Statement::Kind::kTry, {std::move(body), std::move(handler)});
}

Statement repeat(int count, Body body) {
  Statement statement = grouped(Statement::Kind::kRepeat, {std::move(body)});
  statement.count = count;
  return statement;
}

Statement throw_at_first(int attempts) {
  Statement statement = named(Statement::Kind::kThrow, "");
  statement.count = attempts;
  return statement;
}

Statement throw_for_good() {
  return throw_at_first(1).fails_for_good();
}

Statement stall_at_first(int attempts) {
  Statement statement = throw_at_first(attempts);
  statement.kind = Statement::Kind::kStall;
  return statement;
}

Statement publish(std::string channel) {
  return named(Statement::Kind::kPublish, "", std::move(channel));
}

Statement finish() {
  return named(Statement::Kind::kReturn, "");
}

Event make_event(std::string name, std::string id, std::string data) {
  Event event;
  event.name = std::move(name);
  event.id = std::move(id);
  event.data = std::move(data);
  return event;
}

}  // namespace stepwell::sim
