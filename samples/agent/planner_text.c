/* Reading a file as the planner does: its opening comment and the names it defines, by how the lines look. No parser: a good guess. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "planner.h"

enum { MAX_COMMENT = 320, MAX_NAMES = 8 };

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool begins(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

static bool is_prose(const char *path)
{
    const char *extension = path_extension(path);
    return strcasecmp(extension, "md") == 0 || strcasecmp(extension, "txt") == 0 || strcasecmp(extension, "rst") == 0 || !*extension;
}

/* ---- the opening comment ---- */

/* Skips what opens or decorates a comment line; NULL when the line is not one. */
static const char *comment_text(const char *line, bool inside_block)
{
    static const char *const marks[] = { "/**", "/*", "*/", "///", "//!", "//", "*", "\"\"\"", "'''", "--", ";;", ";", "<!--", "#" };
    line += strspn(line, " \t");
    if (begins(line, "#include") || begins(line, "#define") || begins(line, "#if") || begins(line, "#pragma") || begins(line, "#!") ||
        begins(line, "#endif"))
        return NULL;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (begins(line, marks[i]))
            return line + strlen(marks[i]) + strspn(line + strlen(marks[i]), " \t*-=/#");
    return inside_block ? line : NULL;
}

typedef struct comment {
    char text[MAX_COMMENT];
    size_t size;
    bool in_block;
} comment;

static void comment_add(comment *self, const char *text)
{
    size_t length = strcspn(text, "\r");
    const char *end = strstr(text, "*/");
    if (end && (size_t)(end - text) < length)
        length = (size_t)(end - text);
    while (length > 0 && strchr(" \t*/", text[length - 1]))
        length--;
    if (length == 0)
        return;
    if (self->size > 0 && self->size + 1 < sizeof self->text)
        self->text[self->size++] = ' ';
    if (length > sizeof self->text - 1 - self->size)
        length = sizeof self->text - 1 - self->size;
    memcpy(self->text + self->size, text, length);
    self->size += length;
    self->text[self->size] = 0;
}

/* A licence is not what a file is about. */
static bool is_licence(const char *text)
{
    return strcasestr(text, "copyright") || strcasestr(text, "license") || strcasestr(text, "licence") || strcasestr(text, "all rights");
}

static bool opens_block(const char *line)
{
    const char *open = strstr(line, "/*"), *quotes = strstr(line, "\"\"\"");
    return (open && !strstr(open, "*/")) || (quotes && !strstr(quotes + 3, "\"\"\""));
}

static bool closes_block(const char *line)
{
    return strstr(line, "*/") || strstr(line, "\"\"\"");
}

/* Takes one line; true when a comment has just ended. */
static bool comment_line(comment *self, const char *line, bool prose)
{
    bool blank = line[strspn(line, " \t\r")] == 0;
    if (prose) {
        if (!blank && line[0] != '[' && line[0] != '!' && line[0] != '<' && line[0] != '#' && line[0] != '=')
            comment_add(self, line);
        return blank;
    }
    bool was_inside = self->in_block;
    const char *text = comment_text(line, was_inside);
    if (text && !blank)
        comment_add(self, text);
    self->in_block = was_inside ? !closes_block(line) : opens_block(line);
    return !self->in_block && (was_inside || blank || !text);
}

/* ---- definitions ---- */

/* The name after a word such as `class`; NULL when the line does not define anything that way. */
static const char *name_after_keyword(const char *line)
{
    static const char *const words[] = { "def ",    "class ", "fn ",    "func ",  "function ", "pub fn ", "struct ", "enum ", "interface ",
                                         "impl ",   "trait ", "module ", "export function ", "export class ", "type ", "async def " };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (begins(line, words[i])) {
            const char *name = line + strlen(words[i]);
            return is_name(*name) ? name : NULL;
        }
    return NULL;
}

/* `int f(void)` at the left margin, without a semicolon: a function, as C and its relatives write it. */
static const char *name_before_bracket(const char *line)
{
    const char *open = strchr(line, '(');
    size_t length = strcspn(line, "\r\n");
    if (!isalpha((unsigned char)line[0]) || !open || open == line || (length > 0 && line[length - 1] == ';') || strchr(line, '='))
        return NULL;
    const char *name = open;
    while (name > line && is_name(name[-1]))
        name--;
    bool has_type = name > line && strchr(" *&:", name[-1]);
    return has_type && name < open && !begins(line, "return") && !begins(line, "else") ? name : NULL;
}

static const char *defined_name(const char *line)
{
    const char *name = name_after_keyword(line);
    return name ? name : name_before_bracket(line);
}

static size_t name_length(const char *name)
{
    size_t n = 0;
    while (is_name(name[n]))
        n++;
    return n;
}

bool planner_is_definition(const char *line, const char *name)
{
    size_t n = strlen(name);
    if (begins(line, "#define ") && strncmp(line + 8, name, n) == 0 && !is_name(line[8 + n]))
        return true;
    const char *found = defined_name(line);
    if (found && name_length(found) == n && strncmp(found, name, n) == 0)
        return true;
    const char *close = line[0] == '}' ? strstr(line, name) : NULL; /* } name; ends a typedef */
    if (close && close[n] == ';')
        return true;
    return begins(line, "typedef ") && strstr(line, name) != NULL;
}

/* ---- both, over all lines ---- */

typedef struct names {
    char text[512];
    size_t size, count;
    char last[80];
} names;

static void names_add(names *self, const char *line)
{
    const char *name = defined_name(line);
    int length = name ? (int)name_length(name) : 0;
    if (length == 0 || length >= (int)sizeof self->last || (strncmp(self->last, name, (size_t)length) == 0 && !self->last[length]))
        return;
    snprintf(self->last, sizeof self->last, "%.*s", length, name);
    if (self->count++ < MAX_NAMES) {
        int n = snprintf(self->text + self->size, sizeof self->text - self->size, "%s%s", self->size ? ", " : "", self->last);
        self->size += n > 0 && (size_t)n < sizeof self->text - self->size ? (size_t)n : 0;
    }
}

void planner_describe_text(FILE *out, const char *path, const char *text)
{
    bool prose = is_prose(path), done = false;
    comment about = { 0 };
    names defined = { 0 };
    char line[512];
    while (*text) {
        size_t length = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, text);
        text += length + (text[length] == '\n');
        if (!done && comment_line(&about, line, prose) && about.size > 0) {
            done = !is_licence(about.text);
            about.size = done ? about.size : 0;
        }
        if (!prose)
            names_add(&defined, line);
    }
    if (about.size > 0 && !is_licence(about.text)) {
        bool cut = about.size == sizeof about.text - 1, ended = strchr(".!?:", about.text[about.size - 1]) != NULL;
        fprintf(out, " says of itself: \"%s%s\"%s", about.text, cut ? " ..." : "", ended && !cut ? "" : ".");
    } else {
        fputs(" does not say what it is for.", out);
    }
    if (defined.count > 0)
        fprintf(out, " It defines %s%s.", defined.text, defined.count > MAX_NAMES ? " and more" : "");
}
