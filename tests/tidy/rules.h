// The rules of the house that a compiler does not enforce. Each looks at one file (some also at the
// headers that it includes) and appends what it finds.
#pragma once

#include "tests/tidy/source_file.h"

namespace stepwell::tidy {

// layers: a file includes only what the layers of the design allow its folder.
void check_layers(const SourceFile& file, Findings& findings);

// shape: lengths of files, functions and lines; #pragma once; no hidden failures in shell scripts.
void check_shape(const SourceFile& file, Findings& findings);

// purity: no clock, thread, randomness, I/O or environment in the pure folders, and no iteration
// over an unordered container there. `tree` resolves the headers that `file` includes.
void check_purity(const SourceFile& file, const Tree& tree, Findings& findings);

// words: no notes of unfinished work, paths of a machine, or package registry hosts.
void check_words(const SourceFile& file, Findings& findings);

// public: the public headers document every function, and no step takes a braced default argument
// (g++ 12 destroys such a temporary twice when it lives across a co_await).
void check_public_header(const SourceFile& file, Findings& findings);

// Every rule on every file of the tree.
Findings check_tree(const Tree& tree);

}  // namespace stepwell::tidy
