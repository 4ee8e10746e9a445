// The same for workerd, where JavaScript makes the response: the text's address, and its length. No C library and no
// system interface, so an instance of it is as cheap as one can be.
static const char kText[] = "hello\n";

__attribute__((export_name("text"))) const char* text(void) { return kText; }
__attribute__((export_name("size"))) int size(void) { return sizeof kText - 1; }
