package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** {@code demo} from the command line: what its marks say is what its sums say, and both are far above chance. */
class DemoTest {

    private static final Pattern CLASSIFIED = Pattern.compile("(\\d+) of (\\d+) right; (\\d+) pairs in .*");
    private static final Pattern MATCHED = Pattern.compile("(\\d+) of (\\d+) matched rightly, .*; (\\d+) pairs in .*");

    @Test
    void classifiesAndMatches() {
        CommandLineRun demo = CommandLineRun.of("demo", "--dtype", "f32").succeeded();
        assertEquals("", demo.err(), "the bundled calibration holds");
        List<String> lines = demo.out().lines().toList();
        int classified = check(lines, CLASSIFIED, "[✓✗]  \\S+\\.png .*", 30);
        assertTrue(classified >= 24, classified + " of 30");
        int matched = check(lines, MATCHED, "[✓✗]  an? .* \\| an? .*", 10);
        assertTrue(matched >= 8, matched + " of 10");
    }

    /** @return how many are right */
    private static int check(List<String> lines, Pattern sum, String line, int expected) {
        Matcher said = lines.stream().map(sum::matcher).filter(Matcher::matches).findFirst().orElseThrow();
        List<String> marked = lines.stream().filter(text -> text.matches(line)).toList();
        assertEquals(expected, marked.size());
        assertEquals(expected, Integer.parseInt(said.group(2)));
        assertEquals(marked.stream().filter(text -> text.startsWith("✓")).count(), Integer.parseInt(said.group(1)));
        assertTrue(Integer.parseInt(said.group(3)) >= expected * 10, said.group());
        return Integer.parseInt(said.group(1));
    }
}
