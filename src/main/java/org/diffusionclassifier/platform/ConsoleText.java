package org.diffusionclassifier.platform;

import java.io.Console;
import java.io.FilterWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Text for a console in the console's encoding, which on Windows is often none of Unicode: the letters of bars and marks
 * that it lacks become ASCII. The letters of a bar go together: either all are there, or none is used. Files and pipes
 * get UTF-8.
 */
public final class ConsoleText extends FilterWriter {

    private static final String BAR = "▏▎▍▌▋▊▉█";
    private static final String BAR_IN_ASCII = "   #####";
    private static final Map<Character, String> IN_ASCII = Map.of('✓', "+", '✗', "-", '±', "+-", '…', "...", '×', "x",
            '→', "->", '·', ".", 'µ', "u", '²', "^2");

    private final CharsetEncoder encoder;
    private final boolean bars;

    private ConsoleText(OutputStream out, Charset charset) {
        super(new OutputStreamWriter(out, charset));
        this.encoder = charset.newEncoder();
        this.bars = encoder.canEncode(BAR);
    }

    /** A writer to a stream of this process, standard output or error; a line that ends is flushed. */
    public static PrintWriter to(OutputStream out) {
        return to(out, charset(System.console()));
    }

    /** The same, to a console of that encoding. */
    static PrintWriter to(OutputStream out, Charset charset) {
        return new PrintWriter(new ConsoleText(out, charset), true);
    }

    private static Charset charset(Console console) {
        return console == null ? StandardCharsets.UTF_8 : console.charset();
    }

    @Override
    public void write(int letter) throws IOException {
        out.write(printable((char) letter));
    }

    @Override
    public void write(char[] letters, int from, int count) throws IOException {
        write(new String(letters, from, count), 0, count);
    }

    @Override
    public void write(String text, int from, int count) throws IOException {
        for (int i = from; i < from + count; i++) {
            out.write(printable(text.charAt(i)));
        }
    }

    private String printable(char letter) {
        int inBar = BAR.indexOf(letter);
        if (inBar >= 0) {
            return String.valueOf(bars ? letter : BAR_IN_ASCII.charAt(inBar));
        }
        // Half of a pair is for the stream to judge.
        return Character.isSurrogate(letter) || encoder.canEncode(letter) ? String.valueOf(letter)
                : IN_ASCII.getOrDefault(letter, "?");
    }
}
