package org.diffusionclassifier.cli;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A number of bytes as people write it: {@code 1GiB}, {@code 1.5GB}, {@code 800 MiB}, {@code 1048576}. */
final class ByteSize implements ITypeConverter<Long> {

    private static final Pattern FORM = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)\\s*(?:([kmgt])(i?))?b?");
    private static final String PREFIXES = "kmgt";

    @Override
    public Long convert(String text) {
        Matcher parts = FORM.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!parts.matches()) {
            throw new TypeConversionException("expected bytes as 1GiB, 800MB or 1048576, found '" + text + "'");
        }
        int base = "i".equals(parts.group(3)) ? 1024 : 1000;
        int power = parts.group(2) == null ? 0 : PREFIXES.indexOf(parts.group(2)) + 1;
        var bytes = new BigDecimal(parts.group(1)).multiply(BigDecimal.valueOf(base).pow(power));
        if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) >= 0) {
            throw new TypeConversionException("expected fewer than 2^63 bytes, found '" + text + "'");
        }
        return bytes.longValue();
    }
}
