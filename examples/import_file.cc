// Pattern: stream the progress of one run.
//
// Each batch of rows is a step. When the process dies in the middle, the import goes on with the
// batch that was not recorded; no recorded batch is imported again. Whoever wants to watch listens
// to the channel of this import:
//
//   curl -N 'localhost:8288/v1/realtime/sse?channel=import:42' &
//   curl localhost:8288/e/dev -d '{"name":"import/requested",
//     "data":{"import_id":"42","file":"cities.csv","rows":20000}}'
#include <algorithm>
#include <string>
#include <thread>

#include "examples/examples.h"

namespace examples {
namespace {

using namespace stepwell;
using namespace std::chrono_literals;

struct ImportRequested {
  std::string import_id;
  std::string file;
  int rows = 0;
};
STEPWELL_FIELDS(ImportRequested, import_id, file, rows);

struct Progress {
  int percent = 0;
  std::string note;
};
STEPWELL_FIELDS(Progress, percent, note);

constexpr EventType<ImportRequested> import_requested{"import/requested"};

struct ImportChannel {
  explicit ImportChannel(const std::string& import_id) : name("import:" + import_id) {}
  std::string name;
  Topic<Progress> progress{name, "progress"};
};

// Stands for the slow part: parsing, inserting.
int import_rows(int first, int count) {
  std::this_thread::sleep_for(1ms * count);
  return first + count;
}

Task<int> import_file(Context<ImportRequested> ctx) {
  constexpr int kBatch = 50;
  auto& step = ctx.step;
  const ImportRequested& import = ctx.event.data;
  ImportChannel channel(import.import_id);

  int done = 0;
  while (done < import.rows) {
    int count = std::min(kBatch, import.rows - done);
    done = co_await step.run("import-batch", import_rows, done, count);

    Progress progress{.percent = 100 * done / import.rows,
                      .note = import.file + ": " + std::to_string(done) + " rows"};
    co_await step.publish("progress", channel.progress, progress);
  }
  co_return done;
}

}  // namespace

void add_import_file(Engine& engine) {
  engine.function({.id = "import-file", .name = "Import a file"}, import_requested, import_file);
}

}  // namespace examples
