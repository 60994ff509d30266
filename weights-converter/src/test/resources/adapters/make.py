"""Writes cases.pt: adapters of every kind, and what each makes of a network's weights: python3 make.py (PyTorch 1.13).

Everything is computed in float64, from the formulas of the papers and of the published trainers:

    LoRA   Hu et al. 2021, arXiv 2106.09685; LoCon with a core: LyCORIS, functional/general.py, rebuild_tucker
    LoHa   Hyeon-Woo et al. 2022, arXiv 2108.06098;  LoKr   Yeh et al. 2023, arXiv 2309.14859
    DoRA   Liu et al. 2024, arXiv 2402.09353, eq. 5; by input: LyCORIS, modules/locon.py, without wd_on_output
    OFT    Qiu et al. 2023, arXiv 2306.07280; kohya's sd-scripts, networks/oft.py: constraint alpha * out
"""
import torch

torch.manual_seed(2)
torch.set_default_dtype(torch.float64)

R, A = 3, 2.0
network = {"linear.weight": torch.randn(6, 10), "conv.weight": torch.randn(6, 4, 3, 3),
           "square.weight": torch.randn(6, 6),
           "norm.weight": torch.randn(6), "norm.bias": torch.randn(6)}
linear, conv, square = network["linear.weight"], network["conv.weight"], network["square.weight"]
cases = {}


def case(name, tensor, expected, **parts):
    layer = "lora_unet_" + tensor.rsplit(".", 1)[0]
    cases[name] = {"adapter": {layer + "." + part.replace("__", "."): value for part, value in parts.items()},
                   "expected": {tensor: expected}}


def alpha(value=A):
    return torch.tensor(value)


def tucker(core, outputs, inputs):                      # outputs [rank, out], inputs [rank, in]
    return torch.einsum("ijkl,ip,jr->prkl", core, outputs, inputs).contiguous()


# LoRA
up, down = torch.randn(6, R), torch.randn(R, 10)
case("lora-linear", "linear.weight", linear + A / R * up @ down, lora_up__weight=up, lora_down__weight=down,
     alpha=alpha())
case("lora-no-alpha", "linear.weight", linear + up @ down, lora_up__weight=up, lora_down__weight=down)
case("lora-integer-alpha", "linear.weight", linear + 6 / R * up @ down, lora_up__weight=up, lora_down__weight=down,
     alpha=torch.tensor(6))
cup, cdown = torch.randn(6, R, 1, 1), torch.randn(R, 4, 3, 3)
case("lora-conv", "conv.weight", conv + A / R * torch.einsum("orxy,rihw->oihw", cup, cdown), lora_up__weight=cup,
     lora_down__weight=cdown, alpha=alpha())
mid, point = torch.randn(R, R, 3, 3), torch.randn(R, 4, 1, 1)
case("locon-mid", "conv.weight", conv + A / R * tucker(mid, cup[:, :, 0, 0].t(), point[:, :, 0, 0]),
     lora_up__weight=cup,
     lora_down__weight=point, lora_mid__weight=mid, alpha=alpha())

# DoRA
v = linear + A / R * up @ down
m = torch.rand(6, 1) + 0.5
case("dora-by-output", "linear.weight", m * v / v.norm(dim=1, keepdim=True), lora_up__weight=up, lora_down__weight=down,
     alpha=alpha(), dora_scale=m)
case("dora-peft", "linear.weight", m * v / v.norm(dim=1, keepdim=True), lora_B__weight=up, lora_A__weight=down,
     alpha=alpha(), lora_magnitude_vector=m[:, 0])
n = torch.rand(1, 10) + 0.5
case("dora-by-input", "linear.weight", n * v / v.norm(dim=0, keepdim=True), lora_up__weight=up, lora_down__weight=down,
     alpha=alpha(), dora_scale=n)
cv = conv + A / R * torch.einsum("orxy,rihw->oihw", cup, cdown)
cn = torch.rand(1, 4, 1, 1) + 0.5
case("dora-conv-by-input", "conv.weight", cn * cv / cv.transpose(0, 1).reshape(4, -1).norm(dim=1).reshape(1, 4, 1, 1),
     lora_up__weight=cup, lora_down__weight=cdown, alpha=alpha(), dora_scale=cn)
cm = torch.rand(1, 6, 1, 1) + 0.5
case("dora-conv-peft", "conv.weight", cm.transpose(0, 1) * cv / cv.reshape(6, -1).norm(dim=1).reshape(6, 1, 1, 1),
     lora_B__weight=cup, lora_A__weight=cdown, alpha=alpha(), lora_magnitude_vector__weight=cm)
sup, sdown = torch.randn(6, R), torch.randn(R, 6)
sv = square + sup @ sdown
case("dora-square-by-output", "square.weight", m * sv / sv.norm(dim=1, keepdim=True), lora_up__weight=sup,
     lora_down__weight=sdown, dora_scale=m)
case("dora-square-by-input", "square.weight", m.t() * sv / sv.norm(dim=0, keepdim=True), lora_up__weight=sup,
     lora_down__weight=sdown, dora_scale=m.t().contiguous())

# LoHa
a1, b1, a2, b2 = torch.randn(6, R), torch.randn(R, 10), torch.randn(6, R), torch.randn(R, 10)
case("loha-linear", "linear.weight", linear + A / R * (a1 @ b1) * (a2 @ b2), hada_w1_a=a1, hada_w1_b=b1, hada_w2_a=a2,
     hada_w2_b=b2, alpha=alpha())
c1, c2 = torch.randn(R, 36), torch.randn(R, 36)
case("loha-conv", "conv.weight", conv + A / R * ((a1 @ c1) * (a2 @ c2)).reshape(6, 4, 3, 3), hada_w1_a=a1, hada_w1_b=c1,
     hada_w2_a=a2, hada_w2_b=c2, alpha=alpha())
t1, t2, d1, d2 = torch.randn(R, R, 3, 3), torch.randn(R, R, 3, 3), torch.randn(R, 4), torch.randn(R, 4)
case("loha-tucker", "conv.weight", conv + A / R * tucker(t1, a1.t(), d1) * tucker(t2, a2.t(), d2),
     hada_w1_a=a1.t().contiguous(), hada_w1_b=d1, hada_w2_a=a2.t().contiguous(), hada_w2_b=d2, hada_t1=t1, hada_t2=t2,
     alpha=alpha())

# LoKr
w1, w2 = torch.randn(2, 5), torch.randn(3, 2)
case("lokr-full", "linear.weight", linear + torch.kron(w1, w2), lokr_w1=w1, lokr_w2=w2, alpha=alpha())
ka, kb = torch.randn(3, 2), torch.randn(2, 2)
case("lokr-w2-low-rank", "linear.weight", linear + A / 2 * torch.kron(w1, ka @ kb), lokr_w1=w1, lokr_w2_a=ka,
     lokr_w2_b=kb,
     alpha=alpha())
la, lb = torch.randn(2, 4), torch.randn(4, 5)
case("lokr-w1-low-rank", "linear.weight", linear + A / 4 * torch.kron(la @ lb, w2), lokr_w1_a=la, lokr_w1_b=lb,
     lokr_w2=w2,
     alpha=alpha())
k1 = torch.randn(3, 2)
k2 = torch.randn(2, 2, 3, 3)
case("lokr-conv", "conv.weight", conv + torch.kron(k1[:, :, None, None], k2), lokr_w1=k1, lokr_w2=k2, alpha=alpha())
fa, fb = torch.randn(2, R), torch.randn(R, 18)
case("lokr-conv-low-rank", "conv.weight", conv + A / R * torch.kron(k1[:, :, None, None],
     (fa @ fb).reshape(2, 2, 3, 3)),
     lokr_w1=k1, lokr_w2_a=fa, lokr_w2_b=fb, alpha=alpha())
ta, tb = torch.randn(R, 2), torch.randn(R, 2)
case("lokr-tucker", "conv.weight", conv + A / R * torch.kron(k1[:, :, None, None], tucker(t1, ta, tb)), lokr_w1=k1,
     lokr_w2_a=ta, lokr_w2_b=tb, lokr_t2=t1, alpha=alpha())


# OFT
def oft(weight, blocks, constraint):
    q = blocks - blocks.transpose(1, 2)
    norm = q.norm()
    if constraint and norm > constraint:
        q = q * constraint / norm
    identity = torch.eye(q.shape[1])
    r = (identity + q) @ torch.linalg.inv(identity - q)
    return torch.einsum("knm,kn...->km...", r, weight.reshape(q.shape[0], q.shape[1], *weight.shape[1:])) \
        .reshape(weight.shape)


blocks, rescale = torch.randn(2, 3, 3), torch.rand(6, 1) + 0.5
case("oft-free", "linear.weight", oft(linear, blocks, 0), oft_blocks=blocks, alpha=alpha(0.0))
case("oft-constrained", "linear.weight", oft(linear, blocks, 0.05 * 6), oft_blocks=blocks, alpha=alpha(0.05))
case("oft-loosely-constrained", "linear.weight", oft(linear, blocks, 0), oft_blocks=blocks, alpha=alpha(100.0))
case("oft-conv-rescaled", "conv.weight", rescale.reshape(6, 1, 1, 1) * oft(conv, blocks, 0), oft_blocks=blocks,
     rescale=rescale.reshape(6, 1, 1, 1))

# Full
change = torch.randn(6, 4, 3, 3)
case("full-conv", "conv.weight", conv + change, diff=change)
case("full-bias", "norm.bias", network["norm.bias"] + m[:, 0], diff_b=m[:, 0])
case("norm-weight", "norm.weight", network["norm.weight"] + m[:, 0], w_norm=m[:, 0])
case("norm-bias", "norm.bias", network["norm.bias"] + m[:, 0], b_norm=m[:, 0])

torch.save({"network": network, "cases": cases}, "cases.pt")
print(len(cases), "cases")
