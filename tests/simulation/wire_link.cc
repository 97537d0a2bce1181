#include "tests/simulation/wire_link.h"

#include <fmt/core.h>

#include "api/sdk/call_answer.h"
#include "api/sdk/response_parser.h"
#include "tests/simulation/process.h"
#include "tests/simulation/wire_app.h"

namespace stepwell::sim {
namespace {

using sdk::HttpFailure;

constexpr int kOps = 206;
constexpr int kStreamed = 201;

sdk::HttpTransports transports(Host& host, Process& process) {
  sdk::HttpTransports both;
  both.plain = std::make_unique<WireTransport>(host, process);
  both.tls = std::make_unique<WireTransport>(host, process);
  return both;
}

sdk::HttpClientOptions client_options(const WireOptions& options) {
  sdk::HttpClientOptions client;
  client.lane_requests_max = options.lane_requests_max;
  return client;
}

sdk::HttpDriverOptions driver_options(const WireOptions& options) {
  sdk::HttpDriverOptions driver;
  if (options.is_signed) driver.signing_key = wire_signing_key();
  driver.call_timeout = std::chrono::duration_cast<sdk::Milliseconds>(options.patience);
  return driver;
}

}  // namespace

// -- The executor ---------------------------------------------------------------------------------

void WireExecutor::post(std::function<void()> task) {
  process_.later(Duration(0), std::move(task));
}

void WireExecutor::offload(std::function<void()> work, std::function<void()> done) {
  process_.later(process_.some_delay(), [work = std::move(work), done = std::move(done)] {
    work();
    done();
  });
}

Time WireExecutor::now() const {
  return host_.world_.now();
}

// -- The transport --------------------------------------------------------------------------------

void WireTransport::start(uint64_t id, sdk::Exchange exchange, Done done) {
  open_.emplace(id, std::move(done));
  process_.later(exchange.timeout, [this, id] {
    finish(id, HttpFailure{HttpFailure::Kind::kTimeout, "no complete response in time"});
  });
  process_.later(process_.some_delay(), [this, id, exchange = std::move(exchange)] {
    if (open_.contains(id)) arrived(id, exchange);
  });
}

void WireTransport::arrived(uint64_t id, const sdk::Exchange& exchange) {
  if (host_.strikes(host_.options_.faults.call_refused)) {
    return finish(id, HttpFailure{HttpFailure::Kind::kUnreachable, "nobody listens"});
  }
  if (host_.strikes(host_.options_.wire.rates.reset_before)) {
    return finish(id, HttpFailure{HttpFailure::Kind::kReset, "reset before the app had it"});
  }
  if (host_.strikes(host_.options_.faults.answer_empty)) return answered(id, ops_answer({}, false));
  // The app lives on when this process, and this transport with it, does not.
  host_.app().call(exchange,
                   [this, id, &host = host_, life = process_.number()](const WireAnswer& answer) {
                     if (host.is_alive(life)) answered(id, answer);
                   });
}

void WireTransport::answered(uint64_t id, const WireAnswer& answer) {
  if (host_.strikes(host_.options_.wire.rates.hangs)) return;
  process_.later(process_.some_delay(), [this, id, answer] {
    if (open_.contains(id)) finish(id, carry(answer));
  });
}

sdk::HttpOutcome WireTransport::carry(WireAnswer answer) {
  const WireRates& rates = host_.options_.wire.rates;
  Random& fates = host_.fates_;
  if (host_.strikes(host_.options_.faults.answer_lost)) return parse("");
  if (host_.strikes(rates.proxy)) {
    return parse("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 15\r\n\r\n<h1>Oh dear</h1>");
  }
  if (host_.strikes(rates.garbage)) {
    std::string noise;
    for (uint64_t i = 1 + fates.below(200); i > 0; --i) {
      noise.push_back(static_cast<char>(fates.below(256)));
    }
    return parse(noise);
  }
  answer.fields.emplace_back("X-Inngest-Sdk", "js:v4.0.0");
  answer.fields.emplace_back("X-Inngest-Req-Version", "2");
  const bool has_ops = answer.status == kOps || answer.status == kStreamed;
  if (has_ops && host_.strikes(rates.wrong_ops)) {
    constexpr const char* kWrong[] = {R"([{"op":"Teleport","id":"x"}])", "[null]", R"("op")", "",
                                      R"([{"op":"StepRun","id":"no-hash","data":1}])"};
    answer.body = kWrong[fates.below(std::size(kWrong))];
  }
  if (has_ops && !answer.body.empty() && host_.strikes(rates.cut_json)) {
    answer.body.resize(fates.below(answer.body.size()));
  }
  size_t length = answer.body.size();
  if (host_.strikes(rates.wrong_length)) {
    // Less than there is makes other ops of them; of an output it would make another output.
    const bool is_less = has_ops && length > 0 && fates.chance(0.5);
    length = is_less ? fates.below(length) : length + 1 + fates.below(100);
  }
  std::string bytes = bytes_of(answer, length);
  if (host_.strikes(rates.cut_answer)) bytes.resize(fates.below(bytes.size()));
  return parse(bytes);
}

std::string WireTransport::bytes_of(const WireAnswer& answer, size_t length) const {
  std::string bytes = fmt::format("HTTP/1.1 {} Whatever\r\n", answer.status);
  for (const auto& [name, value] : answer.fields) bytes += fmt::format("{}: {}\r\n", name, value);
  if (!host_.options_.wire.is_chunked || length != answer.body.size()) {
    return bytes + fmt::format("Content-Length: {}\r\n\r\n", length) + answer.body;
  }
  bytes += "Transfer-Encoding: chunked\r\n\r\n";
  if (!answer.body.empty()) bytes += fmt::format("{:x}\r\n{}\r\n", length, answer.body);
  return bytes + "0\r\n\r\n";
}

// As a connection hands it on: piece by piece, then its end.
sdk::HttpOutcome WireTransport::parse(std::string_view bytes) {
  using Event = sdk::ResponseParser::Event;
  sdk::ResponseParser parser(sdk::kAnswerBytesMax, false);
  Event event = Event::kNeedMore;
  while (event == Event::kNeedMore && !bytes.empty()) {
    const size_t piece = 1 + host_.fates_.below(bytes.size());
    event = parser.feed(bytes.substr(0, piece));
    bytes.remove_prefix(piece);
  }
  if (event == Event::kNeedMore) event = parser.finish();
  if (event == Event::kMessage) {
    return sdk::HttpResponse{.status = parser.status(),
                             .headers = std::move(parser.headers()),
                             .body = std::move(parser.body()),
                             .url = {}};
  }
  const bool is_cut = bytes.empty();
  return HttpFailure{is_cut ? HttpFailure::Kind::kReset : HttpFailure::Kind::kMalformed,
                     parser.problem()};
}

void WireTransport::finish(uint64_t id, sdk::HttpOutcome outcome) {
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  const Done done = std::move(found->second);
  open_.erase(found);
  done(std::move(outcome));
}

// -- The link -------------------------------------------------------------------------------------

WireLink::WireLink(Host& host, Process& process, sdk::HttpDriver::OnReply on_reply)
    : executor_(host, process),
      client_(executor_, transports(host, process), client_options(host.options_.wire)),
      driver_(executor_, client_, client_, driver_options(host.options_.wire),
              std::move(on_reply)) {}

}  // namespace stepwell::sim
