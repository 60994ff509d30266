package org.diffusionclassifier.server.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * One client's connection: puts its requests together, one at a time, within the limits. It goes on reading while a
 * request is being answered, which is how a client that leaves is noticed. A client that sends its next request before
 * it has its answer (pipelining) gets the answer and then a closed connection, as RFC 9112 (9.3.2) allows.
 */
final class Connection extends SimpleChannelInboundHandler<HttpObject> {

    /** Seconds for which what a refused client still sends is thrown away, so that it can read the refusal. */
    private static final int LINGER = 2;

    private static final int LEAST_CHARGE = 1024;

    private final HttpLimits limits;
    private final AtomicLong bodies;
    private final Consumer<Exchange> handler;
    private HttpRequest head;
    private ByteArrayOutputStream body;
    private long charged;
    private Exchange answering;
    private boolean pipelined;
    private boolean refused;
    private boolean begun;
    private ScheduledFuture<?> overdue;

    /**
     * @param bodies  bytes of all connections' bodies
     * @param handler gets each request, in the connection's thread
     */
    Connection(HttpLimits limits, AtomicLong bodies, Consumer<Exchange> handler) {
        this.limits = limits;
        this.bodies = bodies;
        this.handler = handler;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        expectRequest(context);
    }

    private void expectRequest(ChannelHandlerContext context) {
        begun = false;
        overdue = context.executor().schedule(() -> {
            if (answering == null && !refused) {
                if (begun) {
                    refuse(context, new HttpRefusal(408, "expected a whole request within "
                            + limits.receive().toSeconds() + " seconds"));
                } else {
                    context.close();
                }
            }
        }, limits.receive().toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Bytes came, whether they make a header yet or not. */
    void began() {
        begun = true;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject part) throws IOException {
        if (refused) {
            return;
        }
        if (answering != null) {
            pipelined = true;
            return;
        }
        if (part.decoderResult().isFailure()) {
            refuse(context, malformed(part.decoderResult().cause()));
            return;
        }
        try {
            if (part instanceof HttpRequest request) {
                begin(context, request);
            }
            if (part instanceof HttpContent content && head != null) {
                take(content.content());
                if (part instanceof LastHttpContent) {
                    whole(context);
                }
            }
        } catch (HttpRefusal refusal) {
            refuse(context, refusal);
        }
    }

    private static HttpRefusal malformed(Throwable cause) {
        if (cause instanceof TooLongHttpLineException) {
            return new HttpRefusal(414, "the request line is too long");
        }
        if (cause instanceof TooLongHttpHeaderException || cause instanceof TooLongFrameException) {
            return new HttpRefusal(431, "the headers are too long");
        }
        return new HttpRefusal(400, "expected a request of HTTP/1.1, found what is none");
    }

    private void begin(ChannelHandlerContext context, HttpRequest request) {
        if (request.protocolVersion().majorVersion() != 1) {
            throw new HttpRefusal(505, "expected HTTP/1.1");
        }
        if (HttpUtil.getContentLength(request, 0L) > limits.body()) {
            throw tooLarge();
        }
        head = request;
        body = new ByteArrayOutputStream();
        charge(LEAST_CHARGE);
        if (HttpUtil.is100ContinueExpected(request)) {
            context.writeAndFlush(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE));
        } else if (request.headers().contains(HttpHeaderNames.EXPECT)) {
            throw new HttpRefusal(417, "the header Expect: expected 100-continue or none");
        }
    }

    private HttpRefusal tooLarge() {
        return new HttpRefusal(413, "expected a body of at most " + limits.body() + " bytes");
    }

    private void take(ByteBuf bytes) throws IOException {
        int count = bytes.readableBytes();
        if (body.size() + count > limits.body()) {
            throw tooLarge();
        }
        charge(count);
        bytes.readBytes(body, count);
    }

    private void charge(int count) {
        charged += count;
        if (bodies.addAndGet(count) > limits.bodies()) {
            throw HttpRefusal.busy("too many pictures are being sent at once", 1);
        }
    }

    private void discharge() {
        bodies.addAndGet(-charged);
        charged = 0;
        body = null;
        head = null;
    }

    private void whole(ChannelHandlerContext context) {
        overdue.cancel(false);
        boolean keepsAlive = HttpUtil.isKeepAlive(head);
        String uri = head.uri();
        int mark = uri.indexOf('?');
        answering = new Exchange(context, new Received(head.method().name(), mark < 0 ? uri : uri.substring(0, mark),
                mark < 0 ? "" : uri.substring(mark + 1), head.headers(), body.toByteArray()),
                keepsAlive, () -> answered(context, keepsAlive));
        body = null;
        handler.accept(answering);
    }

    private void answered(ChannelHandlerContext context, boolean keepsAlive) {
        answering = null;
        discharge();
        if (!keepsAlive || pipelined) {
            context.close();
        } else if (context.channel().isActive()) {
            expectRequest(context);
        }
    }

    private void refuse(ChannelHandlerContext context, HttpRefusal refusal) {
        refused = true;
        overdue.cancel(false);
        discharge();
        var unread = new Received("", "", "", EmptyHttpHeaders.INSTANCE, new byte[0]);
        new Exchange(context, unread, false, () -> linger(context)).refuse(refusal);
    }

    /** Says that no more comes; the client's closing ends it before its time. */
    private static void linger(ChannelHandlerContext context) {
        if (context.channel() instanceof DuplexChannel channel) {
            channel.shutdownOutput();
        }
        context.executor().schedule(() -> context.close(), LINGER, TimeUnit.SECONDS);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        overdue.cancel(false);
        if (answering != null) {
            answering.leave();
        } else {
            discharge();
        }
    }

    /** A client that breaks off, or does not take its answer. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
    }
}
