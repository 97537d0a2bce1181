// Included first by what programs include: says what is wrong before anything else does.
#pragma once

#if __cplusplus < 202002L
#error stepwell needs C++20: compile with -std=c++20
#endif
