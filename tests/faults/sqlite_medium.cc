#include "tests/faults/sqlite_medium.h"

#include <sqlite3.h>

#include <utility>

namespace stepwell::faults {
namespace {

constexpr const char* kName = "journal.db";

// A fault that stays is over after so many failed calls, or starts of the process.
constexpr uint64_t kFailuresMax = 12;
constexpr int kStartsMax = 3;

// A read takes as long as it takes: the simulated machine knows no other clock.
constexpr std::chrono::hours kNoDeadline{1};

// Logs that are written back after a few commits, and such that never are.
constexpr storage::CheckpointRules kCheckpoints[] = {
    {.idle_pages = 4, .busy_pages = 12, .pressure_pages = 40},
    {.idle_pages = 1, .busy_pages = 1, .pressure_pages = 12},
    {.idle_pages = 40, .busy_pages = 100, .pressure_pages = 8},
    {},
};

}  // namespace

// Fills the disk for some commits.
class SqliteMedium::Watched : public storage::Journal {
 public:
  Watched(SqliteMedium& medium, std::unique_ptr<storage::Journal> inner)
      : medium_(medium), inner_(std::move(inner)) {}

  Result<storage::Ownership> acquire(storage::ShardId shard) override {
    return inner_->acquire(shard);
  }
  storage::CommitResult commit(const storage::Batch& batch) override {
    bool is_full = medium_.full_commits_ > 0;
    if (is_full) --medium_.full_commits_;
    medium_.disk_.set_full(is_full);
    storage::CommitResult result = inner_->commit(batch);
    medium_.disk_.set_full(false);
    return result;
  }
  storage::CommitResult maintain(bool idle) override { return inner_->maintain(idle); }
  Result<std::unique_ptr<storage::JournalReader>> open_reader() override {
    return inner_->open_reader();
  }

 private:
  SqliteMedium& medium_;
  std::unique_ptr<storage::Journal> inner_;
};

struct SqliteMedium::Copy {
  explicit Copy(std::unique_ptr<SimDisk> made) : disk(std::move(made)), vfs(*disk) {}
  std::unique_ptr<SimDisk> disk;
  SimVfs vfs;
  std::unique_ptr<storage::Journal> journal;
};

SqliteMedium::SqliteMedium(const MediumOptions& options)
    : options_(options),
      random_(Random(options.seed).stream("medium")),
      disk_(options.seed),
      vfs_(disk_),
      checkpoints_(kCheckpoints[random_.below(std::size(kCheckpoints))]) {
  // The salts of the log come from SQLite's own generator, which is one for the process.
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(options.seed | 1), nullptr);
  disk_.heal_after(kFailuresMax);
  for (const Fault& fault : options.faults) disk_.plan(fault);
}

SqliteMedium::~SqliteMedium() = default;

storage::SqliteOptions SqliteMedium::sqlite_options(const SimVfs& vfs) {
  storage::SqliteOptions options;
  options.path = kName;
  options.busy_timeout = std::chrono::milliseconds(1);  // nobody else is there
  options.read_deadline = kNoDeadline;
  options.checkpoints = checkpoints_;
  options.vfs = vfs.name();
  return options;
}

Result<void> SqliteMedium::open() {
  starts_since_failure_ += disk_.failures() > 0;
  if (starts_since_failure_ > kStartsMax) disk_.heal();
  Result<std::unique_ptr<storage::Journal>> opened =
      storage::open_sqlite_journal(sqlite_options(vfs_));
  if (!opened) return opened.error();
  disk_.sync_folder();  // as the journal does on a real one: folder_sync_test.cc
  journal_ = std::make_unique<Watched>(*this, std::move(*opened));
  return {};
}

storage::Journal& SqliteMedium::journal() {
  return *journal_;
}

void SqliteMedium::crash() {
  bool closes = !disk_.has_lost_power() && random_.chance(options_.orderly_close);
  if (!closes) disk_.detach();
  journal_.reset();
  disk_.power_on(random_.chance(options_.power_loss));
}

void SqliteMedium::cut_power() {
  disk_.detach();
  journal_.reset();
  disk_.power_on(true);
}

Result<sim::Medium::Content> SqliteMedium::examine() {
  copy_.reset();
  copy_ = std::make_unique<Copy>(disk_.copy(random_.next()));
  copy_->disk->power_on(random_.chance(options_.power_loss));
  auto opened = storage::open_sqlite_journal(sqlite_options(copy_->vfs));
  if (!opened) return opened.error();
  copy_->journal = std::move(*opened);
  Result<storage::Ownership> ownership = copy_->journal->acquire(0);
  if (!ownership) return ownership.error();
  Result<std::unique_ptr<storage::JournalReader>> reader = copy_->journal->open_reader();
  if (!reader) return reader.error();
  return Content{std::move(*reader), ownership->next_seq};
}

}  // namespace stepwell::faults
