// What a user of the installed package writes.
#include <stepwell/stepwell.h>

#include <iostream>

struct Order {
  std::string customer;
  int cents = 0;
};
STEPWELL_FIELDS(Order, customer, cents);

int main() {
  std::string text = stepwell::to_json_text(Order{.customer = "Ada", .cents = 4200});
  std::cout << text << "\n";
  return text == R"({"customer":"Ada","cents":4200})" ? 0 : 1;
}
