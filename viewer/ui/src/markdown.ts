// A small part of Markdown, read into plain data that components turn into elements: there is no HTML on the way, so nothing to sanitise.
// Links keep their address as text and are none: a sender's address is not one to follow with a click.

export type Inline = { kind: "text" | "code" | "strong" | "em"; text: string } | { kind: "link"; text: string; url: string };

export type Block =
  | { kind: "heading"; level: number; inlines: Inline[] }
  | { kind: "paragraph" | "quote"; inlines: Inline[] }
  | { kind: "code"; language: string; text: string }
  | { kind: "list"; items: { depth: number; mark: string; inlines: Inline[] }[] }
  | { kind: "table"; rows: Inline[][][] }
  | { kind: "rule" };

// Worth reading as Markdown: it has a mark that plain text seldom has.
export const looksLikeMarkdown = (text: string): boolean =>
  /^#{1,6} \S|^[ \t]{0,12}([-*+]|\d{1,3}[.)]) \S|^[ \t]{0,12}```|^> |^\|[^\n]{1,500}\|[ \t]*$|\*\*[^*\n]{1,200}\*\*|`[^`\n]{1,200}`/m.test(text);

const marks = /`([^`\n]{1,500})`|\*\*([^*\n]{1,500})\*\*|__([^_\n]{1,500})__|(?<![\w*])\*([^*\s][^*\n]{0,300})\*(?![\w*])|!?\[([^\]\n]{0,300})\]\(([^()\s]{1,500})\)/g;

export function inlines(text: string): Inline[] {
  const out: Inline[] = [];
  let end = 0;
  for (const match of text.matchAll(marks)) {
    if (match.index > end) out.push({ kind: "text", text: text.slice(end, match.index) });
    end = match.index + match[0].length;
    const [, code, strong, strong2, em, label, url] = match;
    if (code !== undefined) out.push({ kind: "code", text: code });
    else if (strong !== undefined || strong2 !== undefined) out.push({ kind: "strong", text: (strong ?? strong2)! });
    else if (em !== undefined) out.push({ kind: "em", text: em });
    else out.push({ kind: "link", text: label || url!, url: url! });
  }
  if (end < text.length) out.push({ kind: "text", text: text.slice(end) });
  return out;
}

const item = /^(\s*)([-*+]|\d{1,3}[.)]) +(.*)$/;
const fence = /^\s*(```+|~~~+)\s*([\w+#.-]*)/;
const isTableRow = (line: string): boolean => /^\s*\|.*\|\s*$/.test(line);
const isRuleOfTable = (line: string): boolean => /^\s*\|[\s:|-]+\|\s*$/.test(line) && line.includes("-");
const cells = (line: string): Inline[][] => line.trim().slice(1, -1).split("|").map((cell) => inlines(cell.trim()));

class Reader {
  readonly blocks: Block[] = [];
  private at = 0;

  constructor(private readonly lines: string[]) {}

  read(): Block[] {
    while (this.at < this.lines.length) this.next(this.lines[this.at]!);
    return this.blocks;
  }

  private next(line: string): void {
    const heading = /^(#{1,6}) +(.*?)\s*#*$/.exec(line);
    if (line.trim() === "") this.at++;
    else if (fence.test(line)) this.code(line);
    else if (heading) this.one({ kind: "heading", level: heading[1]!.length, inlines: inlines(heading[2]!) });
    else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) this.one({ kind: "rule" });
    else if (item.test(line)) this.list();
    else if (/^\s*>/.test(line)) this.run("quote", (text) => /^\s*>/.test(text), (text) => text.replace(/^\s*> ?/, ""));
    else if (isTableRow(line) && isRuleOfTable(this.lines[this.at + 1] ?? "")) this.table();
    else this.run("paragraph", (text) => text.trim() !== "" && !fence.test(text) && !/^#{1,6} /.test(text) && !item.test(text) && !/^\s*>/.test(text), (text) => text);
  }

  private one(block: Block): void {
    this.blocks.push(block);
    this.at++;
  }

  private run(kind: "paragraph" | "quote", goesOn: (line: string) => boolean, strip: (line: string) => string): void {
    const first = this.at++;
    while (this.at < this.lines.length && goesOn(this.lines[this.at]!)) this.at++;
    this.blocks.push({ kind, inlines: inlines(this.lines.slice(first, this.at).map(strip).join("\n")) });
  }

  private code(opening: string): void {
    const [, mark, language] = fence.exec(opening)!;
    const first = ++this.at;
    while (this.at < this.lines.length && !this.lines[this.at]!.trimStart().startsWith(mark!)) this.at++;
    this.blocks.push({ kind: "code", language: language!, text: this.lines.slice(first, this.at++).join("\n") });
  }

  private list(): void {
    const items: { depth: number; mark: string; inlines: Inline[] }[] = [];
    for (let found = item.exec(this.lines[this.at] ?? ""); found; found = item.exec(this.lines[this.at] ?? "")) {
      const [, space, mark, text] = found;
      let whole = text!;
      // Lines further in go on with the item.
      for (this.at++; /^\s{2,}\S/.test(this.lines[this.at] ?? "") && !item.test(this.lines[this.at]!) && !fence.test(this.lines[this.at]!); this.at++) whole += `\n${this.lines[this.at]!.trim()}`;
      items.push({ depth: Math.min(4, Math.floor(space!.replace(/\t/g, "  ").length / 2)), mark: /\d/.test(mark!) ? mark! : "•", inlines: inlines(whole) });
    }
    this.blocks.push({ kind: "list", items });
  }

  private table(): void {
    const rows = [cells(this.lines[this.at]!)];
    for (this.at += 2; isTableRow(this.lines[this.at] ?? ""); this.at++) rows.push(cells(this.lines[this.at]!));
    this.blocks.push({ kind: "table", rows });
  }
}

export const readMarkdown = (text: string): Block[] => new Reader(text.split(/\r?\n/)).read();
