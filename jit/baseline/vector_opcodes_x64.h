// The vector instructions of x86-64, by the names and with the numbers of the Intel SDM, volume 2.
#pragma once
#include "jit/emit/encoder_x64.h"

namespace brink::jit {

constexpr Opcode plain(u8 code) { return {code, Opcode::Escape0F, 0}; }
constexpr Opcode p66(u8 code) { return {code, Opcode::Escape0F, 0x66}; }
constexpr Opcode pF2(u8 code) { return {code, Opcode::Escape0F, 0xF2}; }
constexpr Opcode pF3(u8 code) { return {code, Opcode::Escape0F, 0xF3}; }
constexpr Opcode p38(u8 code) { return {code, Opcode::Escape0F38, 0x66}; }
constexpr Opcode p3A(u8 code) { return {code, Opcode::Escape0F3A, 0x66}; }

inline constexpr Opcode kAddpd = p66(0x58);
inline constexpr Opcode kAddps = plain(0x58);
inline constexpr Opcode kAndnps = plain(0x55);
inline constexpr Opcode kCmppd = p66(0xC2);
inline constexpr Opcode kCmpps = plain(0xC2);
inline constexpr Opcode kCvtdq2pd = pF3(0xE6);
inline constexpr Opcode kCvtdq2ps = plain(0x5B);
inline constexpr Opcode kCvtpd2ps = p66(0x5A);
inline constexpr Opcode kCvtps2pd = plain(0x5A);
inline constexpr Opcode kCvttpd2dq = p66(0xE6);
inline constexpr Opcode kCvttps2dq = pF3(0x5B);
inline constexpr Opcode kDivpd = p66(0x5E);
inline constexpr Opcode kDivps = plain(0x5E);
inline constexpr Opcode kInsertps = p3A(0x21);
inline constexpr Opcode kMaxpd = p66(0x5F);
inline constexpr Opcode kMaxps = plain(0x5F);
inline constexpr Opcode kMinpd = p66(0x5D);
inline constexpr Opcode kMinps = plain(0x5D);
inline constexpr Opcode kMovddup = pF2(0x12);
inline constexpr Opcode kMovhpsFrom = plain(0x16);
inline constexpr Opcode kMovhpsTo = plain(0x17);
inline constexpr Opcode kMovlpsFrom = plain(0x12);
inline constexpr Opcode kMovmskpd = p66(0x50);
inline constexpr Opcode kMovmskps = plain(0x50);
inline constexpr Opcode kMovsd = pF2(0x10);
inline constexpr Opcode kMulpd = p66(0x59);
inline constexpr Opcode kMulps = plain(0x59);
inline constexpr Opcode kPabsb = p38(0x1C);
inline constexpr Opcode kPabsd = p38(0x1E);
inline constexpr Opcode kPabsw = p38(0x1D);
inline constexpr Opcode kPackssdw = p66(0x6B);
inline constexpr Opcode kPacksswb = p66(0x63);
inline constexpr Opcode kPackusdw = p38(0x2B);
inline constexpr Opcode kPackuswb = p66(0x67);
inline constexpr Opcode kPaddb = p66(0xFC);
inline constexpr Opcode kPaddd = p66(0xFE);
inline constexpr Opcode kPaddq = p66(0xD4);
inline constexpr Opcode kPaddsb = p66(0xEC);
inline constexpr Opcode kPaddsw = p66(0xED);
inline constexpr Opcode kPaddusb = p66(0xDC);
inline constexpr Opcode kPaddusw = p66(0xDD);
inline constexpr Opcode kPaddw = p66(0xFD);
inline constexpr Opcode kPalignr = p3A(0x0F);
inline constexpr Opcode kPand = p66(0xDB);
inline constexpr Opcode kPandn = p66(0xDF);
inline constexpr Opcode kPavgb = p66(0xE0);
inline constexpr Opcode kPavgw = p66(0xE3);
inline constexpr Opcode kPblendw = p3A(0x0E);
inline constexpr Opcode kPcmpeqb = p66(0x74);
inline constexpr Opcode kPcmpeqd = p66(0x76);
inline constexpr Opcode kPcmpeqq = p38(0x29);
inline constexpr Opcode kPcmpeqw = p66(0x75);
inline constexpr Opcode kPcmpgtb = p66(0x64);
inline constexpr Opcode kPcmpgtd = p66(0x66);
inline constexpr Opcode kPcmpgtq = p38(0x37);
inline constexpr Opcode kPcmpgtw = p66(0x65);
inline constexpr Opcode kPextrb = p3A(0x14);
inline constexpr Opcode kPextrd = p3A(0x16);
inline constexpr Opcode kPextrw = p66(0xC5);
inline constexpr Opcode kPextrwTo = p3A(0x15);
inline constexpr Opcode kPinsrb = p3A(0x20);
inline constexpr Opcode kPinsrd = p3A(0x22);
inline constexpr Opcode kPinsrw = p66(0xC4);
inline constexpr Opcode kPmaddubsw = p38(0x04);
inline constexpr Opcode kPmaddwd = p66(0xF5);
inline constexpr Opcode kPmaxsb = p38(0x3C);
inline constexpr Opcode kPmaxsd = p38(0x3D);
inline constexpr Opcode kPmaxsw = p66(0xEE);
inline constexpr Opcode kPmaxub = p66(0xDE);
inline constexpr Opcode kPmaxud = p38(0x3F);
inline constexpr Opcode kPmaxuw = p38(0x3E);
inline constexpr Opcode kPminsb = p38(0x38);
inline constexpr Opcode kPminsd = p38(0x39);
inline constexpr Opcode kPminsw = p66(0xEA);
inline constexpr Opcode kPminub = p66(0xDA);
inline constexpr Opcode kPminud = p38(0x3B);
inline constexpr Opcode kPminuw = p38(0x3A);
inline constexpr Opcode kPmovmskb = p66(0xD7);
inline constexpr Opcode kPmovsxbw = p38(0x20);
inline constexpr Opcode kPmovsxdq = p38(0x25);
inline constexpr Opcode kPmovsxwd = p38(0x23);
inline constexpr Opcode kPmovzxbw = p38(0x30);
inline constexpr Opcode kPmovzxdq = p38(0x35);
inline constexpr Opcode kPmovzxwd = p38(0x33);
inline constexpr Opcode kPmuldq = p38(0x28);
inline constexpr Opcode kPmulhrsw = p38(0x0B);
inline constexpr Opcode kPmulhuw = p66(0xE4);
inline constexpr Opcode kPmulhw = p66(0xE5);
inline constexpr Opcode kPmulld = p38(0x40);
inline constexpr Opcode kPmullw = p66(0xD5);
inline constexpr Opcode kPmuludq = p66(0xF4);
inline constexpr Opcode kPor = p66(0xEB);
inline constexpr Opcode kPshufb = p38(0x00);
inline constexpr Opcode kPshufd = p66(0x70);
inline constexpr Opcode kPshufhw = pF3(0x70);
inline constexpr Opcode kPshuflw = pF2(0x70);
inline constexpr Opcode kPslld = p66(0xF2);
inline constexpr Opcode kPsllq = p66(0xF3);
inline constexpr Opcode kPsllw = p66(0xF1);
inline constexpr Opcode kPsrad = p66(0xE2);
inline constexpr Opcode kPsraw = p66(0xE1);
inline constexpr Opcode kPsrld = p66(0xD2);
inline constexpr Opcode kPsrlq = p66(0xD3);
inline constexpr Opcode kPsrlw = p66(0xD1);
inline constexpr Opcode kPsubb = p66(0xF8);
inline constexpr Opcode kPsubd = p66(0xFA);
inline constexpr Opcode kPsubq = p66(0xFB);
inline constexpr Opcode kPsubsb = p66(0xE8);
inline constexpr Opcode kPsubsw = p66(0xE9);
inline constexpr Opcode kPsubusb = p66(0xD8);
inline constexpr Opcode kPsubusw = p66(0xD9);
inline constexpr Opcode kPsubw = p66(0xF9);
inline constexpr Opcode kPtest = p38(0x17);
inline constexpr Opcode kPunpckhbw = p66(0x68);
inline constexpr Opcode kPunpckhdq = p66(0x6A);
inline constexpr Opcode kPunpckhqdq = p66(0x6D);
inline constexpr Opcode kPunpckhwd = p66(0x69);
inline constexpr Opcode kPunpcklbw = p66(0x60);
inline constexpr Opcode kPunpckldq = p66(0x62);
inline constexpr Opcode kPunpcklqdq = p66(0x6C);
inline constexpr Opcode kPunpcklwd = p66(0x61);
inline constexpr Opcode kPxor = p66(0xEF);
inline constexpr Opcode kRoundpd = p3A(0x09);
inline constexpr Opcode kRoundps = p3A(0x08);
inline constexpr Opcode kShufps = plain(0xC6);
inline constexpr Opcode kSqrtpd = p66(0x51);
inline constexpr Opcode kSqrtps = plain(0x51);
inline constexpr Opcode kSubpd = p66(0x5C);
inline constexpr Opcode kSubps = plain(0x5C);
inline constexpr Opcode kUnpcklpd = p66(0x14);
inline constexpr Opcode kVbroadcastss = p38(0x18);
inline constexpr Opcode kVpbroadcastb = p38(0x78);
inline constexpr Opcode kVpbroadcastw = p38(0x79);

}  // namespace brink::jit
