/* Reading a fuzzer's bytes as choices. Past the end everything is zero and empty. */
#ifndef SPW_FUZZ_INPUT_H
#define SPW_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct input {
    const uint8_t *at;
    size_t left;
};

static inline uint8_t input_byte(struct input *in)
{
    if (!in->left)
        return 0;
    in->left--;
    return *in->at++;
}

static inline uint64_t input_number(struct input *in, unsigned bytes)
{
    uint64_t n = 0;
    while (bytes--)
        n = n << 8 | input_byte(in);
    return n;
}

/* The next `size` bytes, or what is left, as a terminated copy of their own, so that a step past them is seen. The caller frees it. */
static inline char *input_text(struct input *in, size_t size, size_t *taken)
{
    size_t n = size < in->left ? size : in->left;
    char *text = malloc(n + 1);
    if (!text)
        abort();
    if (n)
        memcpy(text, in->at, n);
    text[n] = '\0';
    in->at += n;
    in->left -= n;
    if (taken)
        *taken = n;
    return text;
}

/* What must hold: libFuzzer keeps the input that broke it. */
static inline void must(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
