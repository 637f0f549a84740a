/*
 * As much Markdown as the generated reference pages use, into plain data. Nothing ever
 * becomes HTML from text, so a page can say what it likes.
 */
export type Span = { kind: 'text' | 'code' | 'strong'; text: string } | { kind: 'link'; text: string; href: string };
export type Block =
    | { kind: 'heading'; level: number; spans: Span[] }
    | { kind: 'paragraph'; spans: Span[] }
    | { kind: 'list'; items: Span[][] }
    | { kind: 'code'; text: string }
    | { kind: 'table'; head: Span[][]; rows: Span[][][] };

export function spans(text: string): Span[] {
    const out: Span[] = [];
    /* A link within the page stays one; of any other its words do. */
    const plain = text.replace(/\[([^\]]*)\]\((?!#\/)[^)]*\)/g, '$1');
    for (const part of plain.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]*\]\(#\/[^)]*\))/)) {
        if (!part) continue;
        const link = /^\[([^\]]*)\]\((#\/[^)]*)\)$/.exec(part);
        if (link) {
            out.push({ kind: 'link', text: link[1]!, href: link[2]! });
            continue;
        }
        if (part.startsWith('`') && part.length > 2) out.push({ kind: 'code', text: part.slice(1, -1) });
        else if (part.startsWith('**') && part.length > 4) out.push({ kind: 'strong', text: part.slice(2, -2) });
        else out.push({ kind: 'text', text: part.replace(/\\([|*_`<>[\]])/g, '$1') });
    }
    return out;
}

/* Cells of a table row; a bar in backticks or behind a backslash is no border. */
function cells(line: string): Span[][] {
    const inner = line.trim().replace(/^\|/, '').replace(/\|$/, '');
    const parts = inner.match(/(?:`[^`]*`|\\\||[^|])+|(?<=\|)(?=\|)/g) ?? [];
    return parts.map((p) => spans(p.trim()));
}

export function parse(source: string): Block[] {
    const lines = source.replace(/<!--[\s\S]*?-->/g, '').split('\n');
    const blocks: Block[] = [];
    let i = 0;
    while (i < lines.length) {
        const line = lines[i]!;
        const heading = /^(#{1,6})\s+(.*)$/.exec(line);
        if (line.startsWith('```')) {
            const from = ++i;
            while (i < lines.length && !lines[i]!.startsWith('```')) i++;
            blocks.push({ kind: 'code', text: lines.slice(from, i).join('\n') });
            i++;
        } else if (heading) {
            blocks.push({ kind: 'heading', level: heading[1]!.length, spans: spans(heading[2]!) });
            i++;
        } else if (line.startsWith('|') && /^\|?[\s:|-]+$/.test(lines[i + 1] ?? '')) {
            const head = cells(line);
            const rows: Span[][][] = [];
            for (i += 2; i < lines.length && lines[i]!.startsWith('|'); i++) rows.push(cells(lines[i]!));
            blocks.push({ kind: 'table', head, rows });
        } else if (/^[-*]\s+/.test(line)) {
            const items: string[] = [];
            for (; i < lines.length && /^([-*]\s+|\s+\S)/.test(lines[i]!); i++) {
                const item = /^[-*]\s+(.*)$/.exec(lines[i]!);
                if (item) items.push(item[1]!);
                else items[items.length - 1] += ` ${lines[i]!.trim()}`;
            }
            blocks.push({ kind: 'list', items: items.map(spans) });
        } else if (line.trim() === '') {
            i++;
        } else {
            const from = i;
            i++;
            while (i < lines.length && lines[i]!.trim() !== '' && !/^(#|```|\||[-*]\s)/.test(lines[i]!)) i++;
            blocks.push({ kind: 'paragraph', spans: spans(lines.slice(from, i).join(' ')) });
        }
    }
    return blocks;
}
