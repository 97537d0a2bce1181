// A sequence of mails over days: sleep, wait, decide.
//
// A new user is welcomed; who has not logged in after three days is reminded; who still has not
// after a week more is written to once again. Deleting the account ends the run, wherever it is.
//
//   curl localhost:8288/e/dev -d '{"name":"user/signed-up",
//     "data":{"user_id":"u1","email":"ada@example.com"}}'
//   curl localhost:8288/e/dev -d '{"name":"user/logged-in","data":{"user_id":"u1"}}'
#include <cstdio>
#include <string>

#include "examples/examples.h"

namespace examples {
namespace {

using namespace stepwell;
using Days = std::chrono::milliseconds;

struct SignedUp {
  std::string user_id;
  std::string email;
};
STEPWELL_FIELDS(SignedUp, user_id, email);

struct LoggedIn {
  std::string user_id;
};
STEPWELL_FIELDS(LoggedIn, user_id);

struct MailSent {
  std::string to;
  std::string subject;
};
STEPWELL_FIELDS(MailSent, to, subject);

constexpr EventType<SignedUp> user_signed_up{"user/signed-up"};
constexpr EventType<LoggedIn> user_logged_in{"user/logged-in"};

struct MailChannel {
  Topic<MailSent> sent{"mails", "sent"};
};

// Stands for a mail service.
MailSent send_mail(const std::string& to, const std::string& subject) {
  std::printf("mail to %s: %s\n", to.c_str(), subject.c_str());
  return {.to = to, .subject = subject};
}

Task<void> mail(Step step, std::string id, std::string to, std::string subject) {
  MailSent sent = co_await step.run(id, send_mail, to, subject);
  co_await step.publish(id + "-sent", MailChannel().sent, sent);
}

Task<std::string> email_sequence(Context<SignedUp> ctx, Days day) {
  auto& step = ctx.step;
  const SignedUp& user = ctx.event.data;
  std::string is_user = where("user_id", user.user_id);

  co_await mail(step, "welcome", user.email, "Welcome!");

  auto login = co_await step.wait_for_event("first-login", user_logged_in,
                                            {.timeout = 3 * day, .if_ = is_user});
  if (login) {
    co_await step.sleep("let-them-look-around", day);
    co_await mail(step, "tips", user.email, "Five things to try");
    co_return "active";
  }

  co_await mail(step, "reminder", user.email, "Your account is waiting");
  login = co_await step.wait_for_event("late-login", user_logged_in,
                                       {.timeout = 7 * day, .if_ = is_user});
  if (login) co_return "came back";
  co_await mail(step, "goodbye", user.email, "Shall we stop writing?");
  co_return "inactive";
}

}  // namespace

void add_email_sequence(Engine& engine, std::chrono::milliseconds day) {
  engine.function(
      {.id = "email-sequence",
       .name = "Mails to a new user",
       .cancel_on = {{.event = "user/deleted", .if_ = "event.data.user_id == async.data.user_id"}}},
      user_signed_up, [day](Context<SignedUp> ctx) { return email_sequence(std::move(ctx), day); });
}

}  // namespace examples
