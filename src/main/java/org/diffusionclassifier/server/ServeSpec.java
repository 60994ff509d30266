package org.diffusionclassifier.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.diffusionclassifier.server.http.HttpLimits;
import org.diffusionclassifier.tensor.InputException;

/**
 * Where a server listens, who may ask, and what a request may cost.
 *
 * @param host       a name or an address of this machine
 * @param port       0 for any that is free
 * @param token      that clients have to show; null for none, which is for the loopback address alone
 * @param insecure   whether any client may ask without a token, whatever the host
 * @param maxWaiting requests that wait for a device, at least 1; more are sent away
 * @param maxClasses prompts of a request, at least 1
 * @param maxPixels  of a picture, by its header, at least 1
 * @param maxTime    of a request, from its arrival to its answer
 * @param limits     of connections
 */
public record ServeSpec(String host, int port, String token, boolean insecure, int maxWaiting, int maxClasses,
        int maxPixels, Duration maxTime, HttpLimits limits) {

    public static final String HOST = "127.0.0.1";
    public static final int PORT = 8080;
    public static final int MAX_WAITING = 64;
    public static final int MAX_CLASSES = 2000;
    public static final int MAX_PIXELS = 1 << 25;
    public static final int MAX_SECONDS = 600;

    private static final int SHORTEST_TOKEN = 16;

    /** On the loopback address, for whoever is on this machine. */
    public static final ServeSpec DEFAULT = new ServeSpec(HOST, PORT, null, false, MAX_WAITING, MAX_CLASSES, MAX_PIXELS,
            Duration.ofSeconds(MAX_SECONDS), HttpLimits.DEFAULT);

    /** @throws InputException for numbers out of range, or a host that others reach and no token */
    public ServeSpec {
        check("port", port, 0, 65535);
        check("maxWaiting", maxWaiting, 1, 100_000);
        check("maxClasses", maxClasses, 1, 1_000_000);
        check("maxPixels", maxPixels, 1, 1 << 28);
        check("maxSeconds", maxTime.toSeconds(), 1, 86_400);
        if (token != null && (token.length() < SHORTEST_TOKEN || !token.matches("[!-~]+"))) {
            throw InputException.of("%s: expected at least %d printable ASCII characters without blanks",
                    InputException.field("token"), SHORTEST_TOKEN);
        }
        var address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw InputException.of("%s: expected a name or an address of this machine, found %s",
                    InputException.field("host"), InputException.quoted(host));
        }
        InetAddress place = address.getAddress();
        if (!place.isLoopbackAddress() && token == null && !insecure) {
            throw InputException.of("%s %s: others than this machine reach it: expected %s beside it, or %s to let "
                    + "anybody in", InputException.field("host"), host, InputException.field("token"),
                    InputException.field("insecure"));
        }
    }

    private static void check(String field, long value, long least, long most) {
        if (value < least || value > most) {
            throw InputException.of("%s: expected %d to %d, found %d", InputException.field(field), least, most, value);
        }
    }

    InetSocketAddress address() {
        return new InetSocketAddress(host, port);
    }
}
