// What the engine says of a run, on the channel that has the run's id as its name: topic $run, that
// it begins and how it ends; topic $step, what became of each step. The client inside the SDK for
// TypeScript follows a run by it.
#pragma once

#include <functional>
#include <vector>

#include "engine/core/effect.h"
#include "storage/journal.h"

namespace stepwell::runtime {

// Results over this size are left out of the messages: `"omitted":true` stands for them.
inline constexpr size_t kLifecycleDataMax = 256 * 1024;

// The messages that a batch leads to when it is committed, in order. `id_of` knows open runs; a run
// that the batch itself ends need not be among them.
std::vector<core::PublishedMessage> lifecycle_of(
    const storage::Batch& batch, const std::function<std::optional<RunId>(RunNo)>& id_of);

}  // namespace stepwell::runtime
