// The (module …) form in all its variants, shared by the assembler and the script parser.
#pragma once
#include "engine/text/cursor.h"
#include "engine/text/script.h"

namespace brink::text {

// Parses the form that starts at the cursor. What is wrong inside of the module becomes the module's `assembled`; what
// is wrong with the form itself becomes the cursor's error. `allow_quote`: (module quote …) may stand here.
ScriptModule parse_module_form(Cursor& cursor, FeatureSet features, bool allow_quote);

// All remaining tokens as the fields of one module.
Result<AssembledModule> assemble_fields(Cursor& cursor, FeatureSet features);

}  // namespace brink::text
