#include "jit/debug/code_object.h"

#include <elf.h>

#include <cstring>

#include "jit/debug/frame_table.h"
#include "jit/debug/plain_name.h"

namespace brink::jit {
namespace {

template <class T>
void append(std::vector<u8>& out, std::span<const T> items) {
  out.resize((out.size() + 7) & ~size_t{7});
  const u8* begin = reinterpret_cast<const u8*>(items.data());
  out.insert(out.end(), begin, begin + items.size_bytes());
}

}  // namespace

std::vector<u8> code_object(std::span<const CodePiece> pieces) {
  // Names of sections first, at these offsets; then the symbols'.
  std::string names(1, '\0');
  auto name = [&](const std::string& text) {
    size_t at = names.size();
    names += text;
    names += '\0';
    return static_cast<u32>(at);
  };
  u32 text_name = name(".text"), frames_name = name(".eh_frame"), symbols_name = name(".symtab"), names_name = name(".strtab");

  std::vector<Elf64_Shdr> sections(1);
  std::vector<Elf64_Sym> symbols(1);
  for (const CodePiece& piece : pieces) {
    symbols.push_back({.st_name = name(plain_name(piece.name)),
                       .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                       .st_other = STV_DEFAULT,
                       .st_shndx = static_cast<u16>(sections.size()),
                       .st_value = 0,
                       .st_size = piece.code.size()});
    sections.push_back({.sh_name = text_name,
                        .sh_type = SHT_NOBITS,
                        .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
                        .sh_addr = reinterpret_cast<u64>(piece.code.data()),
                        .sh_offset = sizeof(Elf64_Ehdr),
                        .sh_size = piece.code.size(),
                        .sh_addralign = 1});
  }

  std::vector<u8> out(sizeof(Elf64_Ehdr));
  auto section = [&]<class T>(u32 section_name, u32 type, std::span<const T> items, Elf64_Shdr more) {
    append(out, items);
    more.sh_name = section_name;
    more.sh_type = type;
    more.sh_offset = out.size() - items.size_bytes();
    more.sh_size = items.size_bytes();
    more.sh_addralign = 8;
    sections.push_back(more);
  };
  std::vector<u8> frames = frame_table(pieces);
  u32 names_index = static_cast<u32>(sections.size() + 2);
  section(frames_name, SHT_PROGBITS, std::span<const u8>(frames), {.sh_flags = SHF_ALLOC});
  section(symbols_name, SHT_SYMTAB, std::span<const Elf64_Sym>(symbols),
          {.sh_link = names_index, .sh_info = 1, .sh_entsize = sizeof(Elf64_Sym)});
  section(names_name, SHT_STRTAB, std::span<const char>(names), {});
  append(out, std::span<const Elf64_Shdr>(sections));

  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
#if defined(__aarch64__)
  header.e_machine = EM_AARCH64;
#else
  header.e_machine = EM_X86_64;
#endif
  header.e_version = EV_CURRENT;
  header.e_shoff = out.size() - sections.size() * sizeof(Elf64_Shdr);
  header.e_ehsize = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = static_cast<u16>(sections.size());
  header.e_shstrndx = static_cast<u16>(names_index);
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

}  // namespace brink::jit
