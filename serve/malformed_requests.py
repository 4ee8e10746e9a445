"""What no HTTP/1.1 server may take for a request: written from RFC 9112 (and RFC 9110 for fields), for attack_test.py.

MALFORMED: (name, section, bytes, statuses): the server must answer with one of the statuses, or, where None is among
them, may close without an answer; must then close; and must answer nothing that stands behind. BEHIND is appended to each.
"""

BEHIND = b"GET /hello?smuggled HTTP/1.1\r\nHost: smuggled\r\n\r\n"


def get(*lines, target=b"/reader", host=b"Host: a"):
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", *([host] if host else []), *lines, b"", b""])


def post(*lines, body=b""):
    return b"\r\n".join([b"POST /reader HTTP/1.1", b"Host: a", *lines, b"", body])


def chunked(body):
    return post(b"Transfer-Encoding: chunked", body=body)


BAD = {400}
MALFORMED = [
    # The request line
    ("no version", "3", b"GET /reader\r\nHost: a\r\n\r\n", {400, 505}),
    ("version in small letters", "2.3", b"GET /reader http/1.1\r\nHost: a\r\n\r\n", {400, 505}),
    ("version with more behind", "2.3", b"GET /reader HTTP/1.1x\r\nHost: a\r\n\r\n", {400, 505}),
    ("version without minor", "2.3", b"GET /reader HTTP/1\r\nHost: a\r\n\r\n", {400, 505}),
    ("version of two digits", "2.3", b"GET /reader HTTP/01.1\r\nHost: a\r\n\r\n", {400, 505}),
    ("version 2", "2.3", b"GET /reader HTTP/2.0\r\nHost: a\r\n\r\n", {400, 505}),
    ("another protocol", "2.3", b"GET /reader HTCPCP/1.0\r\nHost: a\r\n\r\n", {400, 505}),
    ("two spaces", "3", b"GET  /reader HTTP/1.1\r\nHost: a\r\n\r\n", BAD),
    ("a tab for a space", "3", b"GET\t/reader\tHTTP/1.1\r\nHost: a\r\n\r\n", BAD),
    ("a space in front", "3", b" GET /reader HTTP/1.1\r\nHost: a\r\n\r\n", BAD),
    ("a space behind", "3", b"GET /reader HTTP/1.1 \r\nHost: a\r\n\r\n", {400, 505}),
    ("a space in the target", "3.2", b"GET /rea der HTTP/1.1\r\nHost: a\r\n\r\n", {400, 505}),
    ("no method", "3.1", b" /reader HTTP/1.1\r\nHost: a\r\n\r\n", BAD),
    ("a method that is no token", "3.1", b"G(T /reader HTTP/1.1\r\nHost: a\r\n\r\n", BAD),
    ("a control character in the target", "3.2", get(target=b"/rea\x01der"), BAD),
    ("a NUL in the target", "3.2", get(target=b"/rea\0der"), BAD),
    ("a raw byte above 127 in the target", "3.2", get(target=b"/rea\xffder"), BAD),
    ("a CR in the target", "2.2", get(target=b"/rea\rder"), BAD),
    ("a percent sign without digits", "3.2", get(target=b"/%zz"), BAD),
    ("an encoded NUL", "3.2", get(target=b"/a%00"), BAD),
    ("a relative target", "3.2", get(target=b"reader"), BAD),
    ("an asterisk for GET", "3.2.4", get(target=b"*"), BAD),
    ("an authority for GET", "3.2.3", get(target=b"a:80"), BAD),
    ("CONNECT", "3.2.3", b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", {400, 405, 501}),
    ("garbage", "2.2", bytes(range(128, 256)) + b"\r\n\r\n", BAD),
    ("a TLS hello", "2.2", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03\r\n\r\n", BAD),
    ("the preface of HTTP/2", "2.3", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    # Fields
    ("space before the colon", "5.1", get(b"X : y"), BAD),
    ("tab before the colon", "5.1", get(b"X\t: y"), BAD),
    ("Content-Length with a space before the colon", "5.1", post(b"Content-Length : 4", body=b"abcd"), BAD),
    ("no name", "5.1", get(b": y"), BAD),
    ("no colon", "5.1", get(b"X"), BAD),
    ("a name that is no token", "5.1", get(b"X(Y): z"), BAD),
    ("a name with a byte above 127", "5.1", get(b"X\xe9: z"), BAD),
    ("a NUL in a value", "5.5", get(b"X: a\0b"), BAD),
    ("a CR in a value", "2.2", get(b"X: a\rb"), BAD),
    ("a control character in a value", "5.5", get(b"X: a\x01b"), BAD),
    ("a folded line", "5.2", get(b"X: a", b" b"), BAD),
    ("a folded line of Transfer-Encoding", "5.2", post(b"Transfer-Encoding:", b" chunked", body=b"0\r\n\r\n"), BAD),
    ("space before the first field", "2.2", b"GET /reader HTTP/1.1\r\n Host: a\r\n\r\n", BAD),
    ("no Host", "3.2", get(host=None), BAD),
    ("two Hosts", "3.2", get(b"Host: b"), BAD),
    ("two equal Hosts", "3.2", get(b"Host: a"), BAD),
    ("a Host with a space", "3.2", get(host=b"Host: a b"), BAD),
    ("a Host with a path", "3.2", get(host=b"Host: a/b"), BAD),
    ("a Host with a user", "3.2", get(host=b"Host: u@a"), BAD),
    ("a Host with a port that is none", "3.2", get(host=b"Host: a:8x"), BAD),
    # Content-Length
    *[(f"Content-Length {value!r}", "6.3", post(b"Content-Length: " + value, body=b"abcd"), BAD)
      for value in (b"", b"+4", b"-4", b"0x4", b"4 4", b"4;", b"4.0", b"4,5", b"4,", b"four", b"\xb2", b"99999999999999999999",
                    b"18446744073709551620")],
    ("two Content-Lengths", "6.3", post(b"Content-Length: 4", b"Content-Length: 5", body=b"abcd"), BAD),
    # Transfer-Encoding
    ("both lengths", "6.1", post(b"Content-Length: 4", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), BAD),
    ("both lengths, the other order", "6.1", post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"), BAD),
    ("both lengths, zero", "6.1", post(b"Content-Length: 0", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), BAD),
    ("chunked in HTTP/1.0", "6.1", b"POST /reader HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400, 505}),
    *[(f"Transfer-Encoding {value!r}", "6.3", post(b"Transfer-Encoding: " + value, body=b"0\r\n\r\n"), {400, 501})
      for value in (b"", b"identity", b"gzip", b"chunked, identity", b"chunked, gzip", b"chunked, chunked", b"xchunked",
                    b"chunkedx", b"chunked\x0b", b"\x0cchunked", b"'chunked'", b'"chunked"', b"chunked;a=b", b"chunked\0")],
    ("two Transfer-Encodings", "6.3", post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"0\r\n\r\n"), {400, 501}),
    ("chunked twice", "6.3", post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), {400, 501}),
    # Chunks
    *[(f"a chunk's size {size!r}", "7.1", chunked(size + b"\r\nabcd\r\n0\r\n\r\n"), BAD)
      for size in (b"", b"0x4", b"+4", b"-4", b" 4", b"4 4", b"g", b"4\0", b"4\x0b", b"10000000000000004", b"ffffffffffffffffffff4")],
    ("a chunk longer than its size", "7.1", chunked(b"3\r\nabcd\r\n0\r\n\r\n"), BAD),
    ("a chunk shorter than its size", "7.1", chunked(b"6\r\nabcd\r\n0\r\n\r\n"), BAD),
    ("a chunk that ends in CR X", "7.1", chunked(b"4\r\nabcd\rX0\r\n\r\n"), BAD),
    ("a chunk's size that ends in LF", "2.2", chunked(b"4\nabcd\r\n0\r\n\r\n"), BAD),
    ("a chunk that ends in LF", "2.2", chunked(b"4\r\nabcd\n0\r\n\r\n"), BAD),
    ("an extension with an LF", "7.1.1", chunked(b"4;a\nb\r\nabcd\r\n0\r\n\r\n"), BAD),
    ("an extension with a CR", "7.1.1", chunked(b"4;a\rb\r\nabcd\r\n0\r\n\r\n"), BAD),
    ("a trailer without a colon", "7.1.2", chunked(b"0\r\nX\r\n\r\n"), BAD),
    ("a trailer with space before the colon", "7.1.2", chunked(b"0\r\nX : y\r\n\r\n"), BAD),
    # Limits
    ("a long target", "3", get(target=b"/" + b"a" * 100_000), {414, 431}),
    ("a long field", "5", get(b"X: " + b"a" * 100_000), {431}),
    ("many fields", "5", get(*[b"X%d: y" % i for i in range(1000)]), {431}),
]
