package org.diffusionclassifier.server.http;

import io.netty.util.NetUtil;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * Who may ask. A page of another site that a user of this machine visits can send requests here, too, and by a name of
 * its own that it lets point to this address (DNS rebinding) even read the answers. Therefore the name that a request
 * was addressed to has to be an address, {@code localhost} or the server's own, and where a browser says which site the
 * request comes from, it has to be this one.
 */
public final class Gate {

    private final String host;
    private final byte[] expected;

    /**
     * @param host  the name that the server goes by besides its addresses
     * @param token that clients show, or null
     */
    public Gate(String host, String token) {
        this.host = host;
        this.expected = token == null ? null : ("Bearer " + token).getBytes(StandardCharsets.UTF_8);
    }

    /** @throws HttpRefusal for a request that was addressed to another name, or comes from another site */
    public void checkSite(Received request) {
        String asked = request.header("Host");
        if (!isOurs(nameOf(asked))) {
            throw new HttpRefusal(421, "the header Host: expected an address, localhost or " + host);
        }
        String origin = request.header("Origin");
        if (!origin.isEmpty() && !origin.equals("http://" + asked) && !origin.equals("https://" + asked)) {
            throw new HttpRefusal(403, "the header Origin: expected none, or that of this server");
        }
        if (request.header("Sec-Fetch-Site").equals("cross-site")
                && !request.header("Sec-Fetch-Mode").equals("navigate")) {
            throw new HttpRefusal(403, "expected a request from this server's page, found one from another site");
        }
    }

    /** @throws HttpRefusal unless the request shows the token, where there is one */
    public void checkToken(Received request) {
        byte[] shown = request.header("Authorization").getBytes(StandardCharsets.UTF_8);
        if (expected != null && !MessageDigest.isEqual(shown, expected)) {
            throw HttpRefusal.token();
        }
    }

    private boolean isOurs(String name) {
        return name.equalsIgnoreCase("localhost") || name.equalsIgnoreCase(host)
                || NetUtil.isValidIpV4Address(name) || NetUtil.isValidIpV6Address(name);
    }

    /** Without the port and an IPv6 address's brackets. */
    private static String nameOf(String asked) {
        if (asked.startsWith("[")) {
            return asked.substring(1, Math.max(1, asked.indexOf(']')));
        }
        int colon = asked.indexOf(':');
        return colon < 0 ? asked : asked.substring(0, colon);
    }
}
