// The example functions; each has a file of its own.
#pragma once

#include <chrono>

#include "stepwell/stepwell.h"

namespace examples {

// A long import that says how far it has come.
void add_import_file(stepwell::Engine& engine);

// Likes of posts, heard by everyone (channel "global") and by who looks at the post.
void add_like_post(stepwell::Engine& engine);

// An agent that asks a person before it goes on.
void add_agentic_workflow(stepwell::Engine& engine);

// Mails to a new user over days; `day` says how long one lasts.
void add_email_sequence(stepwell::Engine& engine, std::chrono::milliseconds day);

}  // namespace examples
