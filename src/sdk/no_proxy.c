/* Which hosts are reached without the proxy of the environment: no_proxy.h. */
#include "sdk/no_proxy.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

struct address {
    unsigned size; /* bytes: 4 or 16 */
    unsigned char bytes[16];
};

static bool read_address(spw_view text, struct address *out)
{
    char copy[INET6_ADDRSTRLEN];
    if (text.size > 1 && text.data[0] == '[' && text.data[text.size - 1] == ']')
        text = (spw_view){ text.data + 1, text.size - 2 };
    if (text.size == 0 || text.size >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    out->size = inet_pton(AF_INET, copy, out->bytes) == 1 ? 4 : inet_pton(AF_INET6, copy, out->bytes) == 1 ? 16 : 0;
    return out->size != 0;
}

/* -1: no number up to `most`. */
static int read_number(spw_view text, unsigned most)
{
    unsigned value = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        value = value * 10 + (unsigned)(text.data[i] - '0');
        if (value > most)
            return -1;
    }
    return text.size ? (int)value : -1;
}

static bool same_bits(const struct address *a, const struct address *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (a->size != b->size || memcmp(a->bytes, b->bytes, whole) != 0)
        return false;
    return !rest || ((a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest)) == 0;
}

/* What stands before and behind the last `separator`. False: there is none. */
static bool split_at(spw_view text, char separator, spw_view *before, spw_view *behind)
{
    const char *at = memrchr(text.data, separator, text.size);
    if (!at)
        return false;
    *before = (spw_view){ text.data, (size_t)(at - text.data) };
    *behind = (spw_view){ at + 1, text.size - before->size - 1 };
    return true;
}

static bool covers_network(spw_view item, spw_view host)
{
    struct address network, address;
    spw_view base, length;
    if (!split_at(item, '/', &base, &length) || !read_address(base, &network) || !read_address(host, &address))
        return false;
    int bits = read_number(length, network.size * 8);
    return bits >= 0 && same_bits(&network, &address, (unsigned)bits);
}

static spw_view without_dots(spw_view name)
{
    if (name.size > 1 && name.data[0] == '*' && name.data[1] == '.')
        name = (spw_view){ name.data + 1, name.size - 1 };
    if (name.size && name.data[0] == '.')
        name = (spw_view){ name.data + 1, name.size - 1 };
    if (name.size && name.data[name.size - 1] == '.')
        name.size--;
    return name;
}

/* The name itself, or one below it. An address has none below it. */
static bool covers_name(spw_view item, spw_view host)
{
    struct address address;
    if (read_address(host, &address))
        return false;
    item = without_dots(item);
    if (host.size && host.data[host.size - 1] == '.')
        host.size--;
    if (item.size == 0 || host.size < item.size)
        return false;
    size_t above = host.size - item.size;
    return strncasecmp(host.data + above, item.data, item.size) == 0 && (above == 0 || host.data[above - 1] == '.');
}

static bool covers(spw_view item, spw_view host, unsigned port)
{
    struct address listed, address;
    spw_view name, digits;
    if (item.size == 1 && item.data[0] == '*')
        return true;
    if (memchr(item.data, '/', item.size))
        return covers_network(item, host);
    if (!read_address(item, &listed) && split_at(item, ':', &name, &digits)) { /* "::1" is no name with a port */
        if (read_number(digits, 65535) != (int)port)
            return false;
        item = name;
    }
    if (read_address(item, &listed))
        return read_address(host, &address) && same_bits(&listed, &address, listed.size * 8);
    return covers_name(item, host);
}

bool spw__no_proxy_covers(const char *list, spw_view host, unsigned port)
{
    static const char separators[] = ", \t";
    for (const char *at = list ? list : ""; *at;) {
        at += strspn(at, separators);
        size_t size = strcspn(at, separators);
        if (size && covers((spw_view){ at, size }, host, port))
            return true;
        at += size;
    }
    return false;
}

bool spw__host_is_loopback(spw_view host)
{
    return spw__no_proxy_covers("localhost,127.0.0.0/8,::1", host, 0);
}
