// The one file that includes CLI11.
#include "api/cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

namespace stepwell::cli {
namespace {

constexpr const char* kFooter =
    "Settings are taken from options, then the environment (STEPWELL_PORT for --port), then the\n"
    "file that --config names. Keys belong into the environment or the file: others can see "
    "options.";

// "stepwell help runs" and "stepwell --version", as other programs have them.
void translate(std::vector<std::string>& arguments) {
  if (arguments.empty()) return;
  if (arguments.front() == "--version") arguments.front() = "version";
  if (arguments.front() != "help") return;
  arguments.erase(arguments.begin());
  arguments.emplace_back("--help");
}

class Parser {
 public:
  Parser() : app_("Stepwell: durable workflows on one file", "stepwell") {
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.add_option("-o,--output", output_, "for people, or as JSON")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"table", "json", "jsonl"}));
    app_.add_flag("--no-color,--no-colour", options_.no_colour, "no colours (also NO_COLOR)");
    for (const SettingKind& kind : setting_kinds()) {
      if (!kind.is_for_servers) add_setting(app_, kind);
    }
    add_servers();
    add_runs();
    add_events();
    add_realtime();
    add_others();
    app_.footer(kFooter);  // now: commands inherit it when they are added
  }

  std::variant<Options, Message> parse(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    try {
      app_.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
      // "stepwell help rums": the page of another command would hide the slip.
      const std::vector<std::string> unknown = app_.remaining(true);
      if (!unknown.empty()) return refuse(unknown_words(unknown.front()));
      return Message{help()};
    } catch (const CLI::CallForAllHelp&) {
      return Message{app_.help("", CLI::AppFormatMode::All)};
    } catch (const CLI::ParseError& error) {
      // A word that nobody knows explains more than what is missing because of it.
      const std::vector<std::string> unknown = app_.remaining(true);
      if (!unknown.empty()) return refuse(unknown_words(unknown.front()));
      const std::string commands = subcommands();
      return refuse(commands.empty() ? error.what() : "a command is missing: " + commands);
    }
    if (const std::optional<std::string> option = empty_option()) {
      return refuse("the value of " + *option + " is empty");
    }
    return finish();
  }

 private:
  void add_setting(CLI::App& app, const SettingKind& kind) {
    auto& values = given_[std::string(kind.name)];
    const std::string names =
        (kind.short_name.empty() ? "" : "-" + std::string(kind.short_name) + ",") + "--" +
        std::string(kind.name);
    if (kind.is_flag) {
      app.add_flag_callback(
          names, [&values] { values = {"true"}; }, std::string(kind.help));
      return;
    }
    CLI::Option* option = app.add_option(names, values, std::string(kind.help));
    option->type_name(std::string(kind.type))->allow_extra_args(false);
    if (kind.is_list) {
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    } else {
      option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }
  }

  CLI::App& add(CLI::App& parent, const char* name, const char* help,
                std::optional<Command> command) {
    CLI::App& app = *parent.add_subcommand(name, help);
    app.fallthrough();
    if (command) {
      app.callback([this, command] { options_.command = *command; });
    } else {
      app.require_subcommand(1);
    }
    return app;
  }

  void add_servers() {
    for (const bool is_dev : {true, false}) {
      CLI::App& app =
          is_dev
              ? add(app_, "dev", "serve on this machine alone, without keys", Command::kDev)
              : add(app_, "serve", "serve; needs an event key and a signing key", Command::kServe);
      for (const SettingKind& kind : setting_kinds()) {
        if (kind.is_for_servers) add_setting(app, kind);
      }
      app.footer(kFooter);
    }
  }

  void add_run_filters(CLI::App& app) {
    app.add_option("--function", options_.function, "of this function")->type_name("NAME");
    app.add_option("--status", options_.statuses,
                   "scheduled, running, completed, failed, cancelled, skipped")
        ->delimiter(',')
        ->type_name("STATUS");
    app.add_option("--event", options_.event, "triggered by this event")->type_name("ID");
    app.add_option("--query", queries_, "a condition over event, output and error (again for more)")
        ->type_name("CONDITION")
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    add_times(app);
  }

  void add_times(CLI::App& app) {
    app.add_option("--since", options_.since, "not older: a time, a date, or a duration (24h)")
        ->type_name("TIME");
    app.add_option("--until", options_.until, "older: a time, a date, or a duration (24h)")
        ->type_name("TIME");
  }

  void add_pages(CLI::App& app) {
    app.add_option("--limit", options_.limit, "how many (1 to 200, default 50)")->type_name("N");
    app.add_option("--cursor", options_.cursor, "go on where the page before ended")
        ->type_name("CURSOR");
  }

  void add_id(CLI::App& app, const char* what) {
    id_options_.push_back(app.add_option("id", id_, what)->required()->type_name("ID"));
  }

  void add_runs() {
    CLI::App& runs = add(app_, "runs", "list, show, cancel, rerun and follow runs", std::nullopt);
    CLI::App& list = add(runs, "list", "runs, the newest first", Command::kRunsList);
    add_run_filters(list);
    add_pages(list);
    CLI::App& show = add(runs, "show", "what a run did, does and waits for", Command::kRunsShow);
    add_id(show, "the run");
    show.add_flag("--full", options_.whole, "show payloads in whole");
    CLI::App& cancel = add(runs, "cancel", "cancel runs", Command::kRunsCancel);
    id_options_.push_back(cancel.add_option("id", ids_, "the runs")->required()->type_name("ID"));
    CLI::App& rerun = add(runs, "rerun", "run again, as a new run", Command::kRunsRerun);
    id_options_.push_back(
        rerun.add_option("id", id_, "the run; without one, all that the filters name")
            ->type_name("ID"));
    rerun
        .add_option("--from-step", options_.from_step,
                    "from this step on, with the results of those before it")
        ->type_name("STEP");
    rerun
        .add_option("--input", options_.input,
                    "a JSON array: other arguments for that step; @FILE reads it, - standard input")
        ->type_name("JSON");
    rerun.add_flag("--wait", options_.wait, "follow the new run to its end");
    rerun.add_flag("--yes", options_.yes, "run many again without asking");
    add_run_filters(rerun);
    CLI::App& tail = add(runs, "tail", "follow a run to its end", Command::kRunsTail);
    add_id(tail, "the run");
    tail.add_flag("--full", options_.whole, "cut nothing (as into a pipe or a file)");
  }

  void add_events() {
    CLI::App& events = add(app_, "events", "send, list and show events", std::nullopt);
    CLI::App& send = add(events, "send", "send an event", Command::kEventsSend);
    send.add_option("name", options_.name, "its name, such as shop/order.paid")
        ->required()
        ->type_name("NAME");
    send.add_option("--data", options_.data,
                    "a JSON object; @FILE reads it, - reads standard input")
        ->type_name("JSON");
    send.add_option("--user", options_.user, "a JSON object")->type_name("JSON");
    send.add_option("--id", options_.event_id, "so that a copy starts nothing again")
        ->type_name("ID");
    send.add_option("--ts", options_.ts,
                    "when it happened or is to count: a time, or +90m from now")
        ->type_name("TIME");
    send.add_flag("--wait", options_.wait, "follow the runs that it triggers to their ends");
    CLI::App& list = add(events, "list", "events, the newest first", Command::kEventsList);
    list.add_option("--name", options_.name, "of this name")->type_name("NAME");
    list.add_flag("--internal", options_.with_internal, "also those that the engine made");
    add_times(list);
    add_pages(list);
    CLI::App& show = add(events, "show", "an event and its runs", Command::kEventsShow);
    add_id(show, "the event, by its own or its internal id");
  }

  void add_realtime() {
    CLI::App& realtime = add(app_, "realtime", "hear and publish messages", std::nullopt);
    CLI::App& tail = add(realtime, "tail", "print messages as they come", Command::kRealtimeTail);
    tail.add_option("channel", options_.channel, "of this channel")->required();
    tail.add_option("--topic", options_.topics, "of this topic; may be given several times")
        ->allow_extra_args(false);
    tail.add_option("--since", options_.since,
                    "begin there: a message's id, a time, or a duration such as 2m");
    CLI::App& publish = add(realtime, "publish", "publish a message", Command::kRealtimePublish);
    publish.add_option("channel", options_.channel, "to this channel")->required();
    publish.add_option("topic", options_.topics, "and topic")->required()->expected(1);
    publish
        .add_option("--data", options_.data,
                    "JSON, or any text; @FILE reads it, - reads standard input")
        ->required();
  }

  void add_others() {
    CLI::App& functions =
        add(app_, "functions", "list, show, pause and resume functions", std::nullopt);
    CLI::App& list = add(functions, "list", "functions by name", Command::kFunctionsList);
    list.add_flag("--archived", options_.with_archived, "also those that left their app");
    add_id(add(functions, "show", "its settings, open runs, limits and next starts",
               Command::kFunctionsShow),
           "the function");
    add_id(add(functions, "pause", "skip what triggers it, and let its runs stand still",
               Command::kFunctionsPause),
           "the function");
    add_id(add(functions, "resume", "let it go on", Command::kFunctionsResume), "the function");
    CLI::App& doctor = add(app_, "doctor", "check the server and its journal", Command::kDoctor);
    doctor.add_flag("--deep", options_.deep, "read the whole journal");
    add(app_, "version", "print the version", Command::kVersion);
  }

  const CLI::App& innermost() const {
    const CLI::App* app = &app_;
    while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
    return *app;
  }

  // "stepwell runs", when "stepwell runs list" was asked for.
  std::string parent_path() const {
    std::string path;
    for (const CLI::App* app = &app_; !app->get_subcommands().empty();
         app = app->get_subcommands().front()) {
      path += (path.empty() ? "" : " ") + app->get_name();
    }
    return path;
  }

  std::string path() const {
    const std::string parents = parent_path();
    return parents.empty() ? app_.get_name() : parents + " " + innermost().get_name();
  }

  Message refuse(const std::string& what) const {
    return {"stepwell: " + what + "\nTry: " + path() + " --help\n", true};
  }

  // The page of a command, with the options that may stand behind every one.
  std::string help() const {
    std::string page = innermost().help(parent_path());
    if (&innermost() == &app_) return page;
    while (page.ends_with("\n\n")) page.pop_back();
    const auto is_common = [this](const CLI::Option* option) {
      return option != app_.get_help_ptr();
    };
    return page +
           CLI::Formatter().make_group("For every command", false, app_.get_options(is_common)) +
           "\n";
  }

  // "list, show or cancel": what may follow; empty if nothing may.
  std::string subcommands() const {
    std::string names;
    const auto all = innermost().get_subcommands([](const CLI::App*) { return true; });
    for (size_t i = 0; i < all.size(); ++i) {
      names += i == 0 ? "" : i + 1 == all.size() ? " or " : ", ";
      names += all[i]->get_name();
    }
    return names;
  }

  std::string unknown_words(const std::string& word) const {
    if (word.starts_with("-")) return "unknown option " + word;
    for (const CLI::App* app : innermost().get_subcommands([](const CLI::App*) { return true; })) {
      const std::string& name = app->get_name();
      if (name.starts_with(word) || word.starts_with(name)) {
        return "unknown command " + word + ": did you mean " + name + "?";
      }
    }
    const std::string commands = subcommands();
    return commands.empty() ? "unknown argument " + word
                            : "unknown command " + word + ": there is " + commands;
  }

  // An option with nothing in it is mostly a variable of a script that is not set. Ids say so
  // themselves, and no cursor is the first page.
  std::optional<std::string> empty_option() const {
    for (const CLI::App* app = &app_;; app = app->get_subcommands().front()) {
      for (const CLI::Option* option : app->get_options()) {
        const std::string name = option->get_name();
        if (name == "id" || name == "--cursor") continue;
        for (const std::string& value : option->results()) {
          if (value.empty()) return name;
        }
      }
      if (app->get_subcommands().empty()) return std::nullopt;
    }
  }

  std::variant<Options, Message> finish() {
    static const std::map<std::string, Output> kOutputs = {
        {"table", Output::kTable}, {"json", Output::kJson}, {"jsonl", Output::kJsonLines}};
    options_.output = kOutputs.at(output_);
    // As they were written: CLI11 takes "" and "{}" for no element at all.
    for (const CLI::Option* option : id_options_) {
      if (option->count() > 0) options_.ids = option->results();
    }
    for (const std::string& query : queries_) {
      options_.query += (options_.query.empty() ? "" : "\n") + query;
    }
    for (auto& [name, values] : given_) {
      if (!values.empty()) options_.flags[name] = {std::move(values), "--" + name};
    }
    return std::move(options_);
  }

  CLI::App app_;
  Options options_;
  std::string output_ = "table";
  std::string id_;
  std::vector<std::string> ids_;
  std::vector<const CLI::Option*> id_options_;
  std::vector<std::string> queries_;
  std::map<std::string, std::vector<std::string>> given_;
};

}  // namespace

std::variant<Options, Message> parse_options(std::vector<std::string> arguments) {
  translate(arguments);
  return Parser().parse(std::move(arguments));
}

}  // namespace stepwell::cli
