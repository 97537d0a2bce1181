#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <unordered_set>

#include "schema/ids.h"

using stepwell::EventId;
using stepwell::from_millis;
using stepwell::RunId;
using stepwell::StepKey;
using stepwell::to_millis;
using stepwell::Ulid;

TEST_CASE("a ULID is written as the specification's example") {
  const Ulid ulid = *Ulid::parse("01ARYZ6S41TSV4RRFFQ69G5FAV");
  CHECK(to_millis(ulid.time()) == 1469918176385);
  CHECK(ulid.to_string() == "01ARYZ6S41TSV4RRFFQ69G5FAV");
}

TEST_CASE("a ULID's parts stand where they belong") {
  const Ulid ulid = Ulid::make(from_millis(0x0123456789AB), 0xCDEF, 0x0011223344556677);
  const std::array<uint8_t, 16> expected = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF,
                                            0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};
  CHECK(ulid.bytes == expected);
  CHECK(to_millis(ulid.time()) == 0x0123456789AB);
  CHECK(Ulid::parse(ulid.to_string()) == ulid);
}

TEST_CASE("ULIDs sort by time, as values and as text") {
  Ulid last;
  for (int64_t millis = 1; millis < (int64_t{1} << 48); millis *= 3) {
    const Ulid next = Ulid::make(from_millis(millis), static_cast<uint16_t>(~millis), 7);
    CHECK(last < next);
    CHECK(last.to_string() < next.to_string());
    last = next;
  }
}

TEST_CASE("the extremes of a ULID") {
  CHECK(Ulid{}.is_zero());
  CHECK(Ulid{}.to_string() == "00000000000000000000000000");
  CHECK_FALSE(Ulid::make(from_millis(0), 0, 1).is_zero());
  const Ulid most = Ulid::make(from_millis((int64_t{1} << 48) - 1), 0xFFFF, ~uint64_t{0});
  CHECK(most.to_string() == "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
  CHECK(Ulid::parse("7ZZZZZZZZZZZZZZZZZZZZZZZZZ") == most);
  CHECK(to_millis(Ulid::make(from_millis(-5), 0, 0).time()) == 0);
  CHECK(to_millis(Ulid::make(from_millis(std::numeric_limits<int64_t>::max()), 0, 0).time()) ==
        (int64_t{1} << 48) - 1);
}

TEST_CASE("parsing a ULID takes both cases and refuses everything else") {
  CHECK(Ulid::parse("01aryz6s41tsv4rrffq69g5fav") == Ulid::parse("01ARYZ6S41TSV4RRFFQ69G5FAV"));
  for (const char* text :
       {"", "01ARYZ6S41TSV4RRFFQ69G5FA", "01ARYZ6S41TSV4RRFFQ69G5FAVV",
        "80000000000000000000000000", "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "01ARYZ6S41TSV4RRFFQ69G5FAI",
        "01ARYZ6S41TSV4RRFFQ69G5FAL", "01ARYZ6S41TSV4RRFFQ69G5FAO", "01ARYZ6S41TSV4RRFFQ69G5FAU",
        "01ARYZ6S41TSV4RRFFQ69G5FA-", "01ARYZ6S41TSV4RRFFQ69G5F\xC3\xA9"}) {
    CAPTURE(text);
    CHECK_FALSE(Ulid::parse(text));
    CHECK_FALSE(RunId::parse(text));
    CHECK_FALSE(EventId::parse(text));
  }
  CHECK(RunId::parse("01ARYZ6S41TSV4RRFFQ69G5FAV")->to_string() == "01ARYZ6S41TSV4RRFFQ69G5FAV");
  CHECK(EventId::parse("01ARYZ6S41TSV4RRFFQ69G5FAV")->to_string() == "01ARYZ6S41TSV4RRFFQ69G5FAV");
}

TEST_CASE("hashes of ULIDs differ where only the time or only the last bit does") {
  std::unordered_set<size_t> hashes;
  std::unordered_set<size_t> low_bits;
  for (int i = 0; i < 4096; ++i) {
    const size_t hash = std::hash<Ulid>{}(Ulid::make(from_millis(i), 0, 0));
    hashes.insert(hash);
    hashes.insert(std::hash<Ulid>{}(Ulid::make(from_millis(0), 0, static_cast<uint64_t>(i) + 1)));
    low_bits.insert(hash & 4095);
  }
  CHECK(hashes.size() == 8192);
  // 4096 balls in as many bins fill about 63 % of them.
  CHECK(low_bits.size() > 2300);
  const RunId run{Ulid::make(from_millis(1), 2, 3)};
  CHECK(std::hash<RunId>{}(run) == std::hash<EventId>{}(EventId{run.ulid}));
}

TEST_CASE("a step key is the SHA-1 of the step's id") {
  CHECK(StepKey::of("").to_string() == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(StepKey::of("abc").to_string() == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(StepKey::of("step:1") != StepKey::of("step"));
}

TEST_CASE("step keys are read back from 40 hexadecimal digits") {
  const StepKey key = StepKey::of("abc");
  CHECK(StepKey::parse(key.to_string()) == key);
  CHECK(StepKey::parse("A9993E364706816ABA3E25717850C26C9CD0D89D") == key);
  CHECK_FALSE(StepKey::parse(""));
  CHECK_FALSE(StepKey::parse("a9993e364706816aba3e25717850c26c9cd0d8"));
  CHECK_FALSE(StepKey::parse("a9993e364706816aba3e25717850c26c9cd0d89g"));
}
