package org.diffusionclassifier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The table of packages in {@code how-it-works.md} is what the sources do: an import only goes down it. */
class PackagesTest {

    private static final String ROOT = "org.diffusionclassifier";
    private static final Pattern CELL = Pattern.compile("`([a-z][a-z0-9.]*)`");
    private static final Pattern NAMED = Pattern.compile("(?:package|import (?:static )?)\\s*" + Pattern.quote(ROOT)
            + "((?:\\.[a-z][a-z0-9]*)*)[.;].*");

    /** The row of each package, the top one first. */
    private final Map<String, Integer> rows = new HashMap<>();

    @Test
    void importsGoDown() throws IOException {
        readTable(Path.of("docs/how-it-works.md"));
        var wrong = new ArrayList<String>();
        int files = 0;
        for (Path sources : List.of(Path.of("main/java"), Path.of("spark/main/java"),
                Path.of("../weights-converter/src/main/java"))) {
            try (Stream<Path> all = Files.walk(sources.resolve(ROOT.replace('.', '/')))) {
                for (Path file : all.filter(path -> path.toString().endsWith(".java")).toList()) {
                    check(file, wrong);
                    files++;
                }
            }
        }
        assertTrue(files > 300, files + " files");
        assertEquals(List.of(), wrong);
    }

    private void readTable(Path page) throws IOException {
        List<String> lines = Files.readAllLines(page);
        int row = lines.indexOf("| package of `" + ROOT + "` | what |") + 2;
        assertTrue(row > 2, "a table of packages in " + page);
        for (; lines.get(row).startsWith("|"); row++) {
            String cell = lines.get(row).split("\\|")[1];
            for (Matcher named = CELL.matcher(cell); named.find();) {
                String name = named.group(1);
                rows.put(name.equals(ROOT) ? "" : "." + name, row);
            }
        }
    }

    private void check(Path file, List<String> wrong) throws IOException {
        String own = null;
        for (String line : Files.readAllLines(file)) {
            Matcher named = NAMED.matcher(line);
            if (named.matches()) {
                String listed = listed(named.group(1), file);
                if (own == null) {
                    own = listed;
                }
                boolean across = own.startsWith(".device.cpu") && listed.startsWith(".device.cuda")
                        || own.startsWith(".device.cuda") && listed.startsWith(".device.cpu");
                if (rows.get(listed) < rows.get(own) || across) {
                    wrong.add(file + ": " + line);
                }
            }
        }
        assertFalse(own == null, file + ": a package");
    }

    /** The package of the table that one is, or lies in. */
    private String listed(String name, Path file) {
        for (String part = name; ; part = part.substring(0, part.lastIndexOf('.'))) {
            if (rows.containsKey(part)) {
                assertFalse(part.isEmpty() && !name.isEmpty(), file + ": " + name + " is not in the table");
                return part;
            }
        }
    }
}
