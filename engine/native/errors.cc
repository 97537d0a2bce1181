#include "engine/native/errors.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <typeinfo>

#include "stepwell/errors.h"

namespace stepwell::native {
namespace {

// "std::out_of_range": what people call the type.
std::string type_name(const std::exception& error) {
  int status = 0;
  std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? std::string(text.get()) : std::string("Error");
}

ErrorInfo info(const NamedError& error) {
  return {.name = error.name(), .message = error.what(), .cause = error.cause()};
}

}  // namespace

bool is_decode_error(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const DecodeError&) {
    return true;
  } catch (...) {
    return false;
  }
}

core::Threw describe(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const RetryAfterError& error) {
    return {.error = info(error),
            .retry_after = std::chrono::duration_cast<Duration>(error.delay())};
  } catch (const StepError& error) {
    // The step's own attempts are spent: the same code would meet the same failure again.
    return {.error = info(error), .retriable = false};
  } catch (const NonRetriableError& error) {
    return {.error = info(error), .retriable = false};
  } catch (const NonDeterminismError& error) {
    return {.error = info(error), .retriable = false};
  } catch (const NamedError& error) {
    return {.error = info(error)};
  } catch (const std::exception& error) {
    return {.error = {.name = type_name(error), .message = error.what()}};
  } catch (...) {
    return {.error = {.message = "something was thrown that is not a std::exception"}};
  }
}

}  // namespace stepwell::native
