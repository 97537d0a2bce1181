// Stepwell: workflows as C++20 coroutines that survive crashes, wait for days and stream live.
#pragma once

#include "stepwell/standard.h"  // first

#include "stepwell/channel.h"
#include "stepwell/codec.h"
#include "stepwell/context.h"
#include "stepwell/engine.h"
#include "stepwell/errors.h"
#include "stepwell/event_type.h"
#include "stepwell/fields.h"
#include "stepwell/function.h"
#include "stepwell/join.h"
#include "stepwell/json_schema.h"
#include "stepwell/step.h"
#include "stepwell/task.h"
